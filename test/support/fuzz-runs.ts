// How much a fuzz test does: little in `make test`, what FUZZ_RUNS says in `make fuzz`. The seed is in
// the title of the test; FUZZ_SEED plays a run again.

import { randomInt } from 'node:crypto'

const IN_MAKE_TEST = 130_000

export function fuzzRuns(share = 1): number {
  const runs = Number(process.env['FUZZ_RUNS'] ?? IN_MAKE_TEST)
  if (!Number.isSafeInteger(runs) || runs < 1) throw new TypeError('FUZZ_RUNS is no number of runs')
  return Math.ceil(runs * share)
}

export function fuzzSeed(): number {
  const given = process.env['FUZZ_SEED']
  return given === undefined ? randomInt(1, 2 ** 31) : Number(given)
}
