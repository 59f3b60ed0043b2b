// The process's own streams as a command sees them. A reader that goes away early (`| head`) ends
// the command quietly.

import { once } from 'node:events'
import type { CliIo } from './command.ts'

export function processIo(): CliIo {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  let isFull = false
  return {
    out: (text) => {
      isFull = !process.stdout.write(text)
    },
    err: (text) => {
      process.stderr.write(text)
    },
    drained: async () => {
      if (isFull) await once(process.stdout, 'drain')
      isFull = false
    },
    stdin: process.stdin,
    isTerminal: process.stdout.isTTY,
    env: process.env,
  }
}
