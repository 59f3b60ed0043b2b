#!/usr/bin/env node
// argv and exit codes, nothing else.

import { CommanderError } from 'commander'
import { CliError } from './cli/command.ts'
import { processIo } from './cli/io.ts'
import { createProgram } from './cli/program.ts'

const io = processIo()

try {
  await createProgram(io, (code) => {
    process.exitCode = code
  }).parseAsync(process.argv)
} catch (error) {
  if (error instanceof CommanderError) {
    // Help and version end with 0; what could not be parsed is a usage error.
    process.exitCode = error.exitCode === 0 ? 0 : 2
  } else if (error instanceof CliError) {
    io.err(`${error.message}\nhint: ${error.hint}\n`)
    process.exitCode = error.exitCode
  } else {
    throw error
  }
}
