// The runner's command line. Unknown options and places without tests are errors, so that a typing
// mistake can never look like a passing run.

import { parseArgs } from 'node:util'

export interface RunnerOptions {
  /** Directories or files, as given; `unit` is short for `test/unit`. */
  readonly places: readonly string[]
  /** Only files whose path matches. */
  readonly grep: RegExp | undefined
  readonly bail: boolean
  readonly jobs: number
  readonly jsonFile: string | undefined
  /** A file that runs longer is killed and has failed. */
  readonly deadlineSeconds: number
  /** How long a process may live on after its last assertion. */
  readonly graceSeconds: number
  /** A skip or a todo is a failure. */
  readonly strict: boolean
}

export class UsageError extends Error {}

/** Enough for the largest upload test on a busy two-core machine. */
const DEADLINE_SECONDS = 120
/** A closed server, an ended child: all of it is over within milliseconds; the rest is load. */
const GRACE_SECONDS = 8

export const USAGE = `usage: node dist/scripts/run-tests.js [options] PLACE...
  PLACE             a directory or file (unit, test/unit/spiffe, test/unit/x.test.ts)
  --grep REGEXP     only files whose path matches
  --bail            stop at the first file that fails
  --jobs N          files at a time (2)
  --deadline S      seconds a file may take (${String(DEADLINE_SECONDS)})
  --grace S         seconds a process may live on after its last assertion (${String(GRACE_SECONDS)})
  --json FILE       write the results as JSON too
`

export function parseOptions(argv: readonly string[], ci: boolean): RunnerOptions {
  const { values, positionals } = parse(argv)
  if (positionals.length === 0) throw new UsageError('no PLACE given')
  return {
    places: positionals,
    grep: values.grep === undefined ? undefined : regexp(values.grep),
    bail: values.bail,
    jobs: positive('--jobs', values.jobs),
    jsonFile: values.json,
    deadlineSeconds: positive('--deadline', values.deadline),
    graceSeconds: positive('--grace', values.grace),
    strict: ci,
  }
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        grep: { type: 'string' },
        bail: { type: 'boolean', default: false },
        jobs: { type: 'string', default: '2' },
        json: { type: 'string' },
        deadline: { type: 'string', default: String(DEADLINE_SECONDS) },
        grace: { type: 'string', default: String(GRACE_SECONDS) },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function regexp(text: string): RegExp {
  try {
    return new RegExp(text)
  } catch {
    throw new UsageError(`--grep: not a regular expression: ${text}`)
  }
}

function positive(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0) {
    throw new UsageError(`${name}: not a positive number: ${text}`)
  }
  return value
}
