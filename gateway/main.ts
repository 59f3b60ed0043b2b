#!/usr/bin/env node
// argv and exit codes, nothing else.

import { processIo } from './cli/io.ts'
import { runCommandLine } from './cli/program.ts'

process.exitCode = await runCommandLine(process.argv, processIo())
