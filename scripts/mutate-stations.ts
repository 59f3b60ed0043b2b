// `make mutate-stations`: takes each station of the chain in turn, replaces it in a copy of `dist/`
// by one that lets everything pass, and runs the suite until a test fails. Every mutation has to be
// caught and every station has to have one. Options: `--seconds N` starts no mutation after N
// seconds; `--station NAME` takes one only; `--mutations FILE` is for the tests of this script.

import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { pathToFileURL } from 'node:url'
import { judge, type Verdict } from './mutate/judge.ts'
import type { Mutation } from './mutate/mutation.ts'
import { Workspace } from './mutate/workspace.ts'

interface MutationFile {
  readonly STATIONS: readonly string[]
  readonly MUTATIONS: readonly Mutation[]
}

const PARALLEL = 2
/** More than the whole suite takes; a mutation that is not judged by then is at fault. */
const JUDGE_SECONDS = 600

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: 'Infinity' },
    station: { type: 'string' },
    mutations: { type: 'string' },
  },
})

const file =
  values.mutations === undefined
    ? new URL('./mutations.js', import.meta.url)
    : pathToFileURL(resolve(values.mutations))
const { STATIONS, MUTATIONS } = (await import(file.href)) as MutationFile
const chosen = MUTATIONS.filter(
  ({ station }) => values.station === undefined || station === values.station,
)
const forgotten = STATIONS.filter(
  (station) => !MUTATIONS.some((mutation) => mutation.station === station),
)
const startUntil = performance.now() + Number(values.seconds) * 1000

const waiting = [...chosen]
let caught = 0
let failed = forgotten.length

const worker = async () => {
  const workspace = new Workspace(process.cwd())
  try {
    while (waiting.length > 0 && performance.now() < startUntil) {
      const mutation = waiting.shift()
      if (mutation === undefined) break
      const verdict = await judge(workspace, mutation, AbortSignal.timeout(JUDGE_SECONDS * 1000))
      if (verdict.kind === 'caught') caught += 1
      else failed += 1
      process.stdout.write(line(mutation, verdict))
    }
  } finally {
    workspace.remove()
  }
}
await Promise.all(Array.from({ length: PARALLEL }, worker))

for (const station of forgotten)
  process.stdout.write(`FORGOTTEN ${station}: no mutation in scripts/mutations.ts\n`)
for (const { station, without } of waiting) {
  process.stdout.write(`not tried within ${values.seconds} s: ${station}: ${without}\n`)
}
if (chosen.length === 0) {
  process.stdout.write('no mutation was chosen\n')
  failed += 1
}
process.stdout.write(`${String(caught)} passed, ${String(failed)} failed\n`)
process.exitCode = failed === 0 ? 0 : 1

function line({ station, without, file: source }: Mutation, verdict: Verdict): string {
  const what = `${station}: ${without}`
  switch (verdict.kind) {
    case 'caught':
      return `caught    ${what}\n          by ${verdict.by}: ${verdict.title}\n`
    case 'survived':
      return `SURVIVED  ${what} (${source})\n          no test noticed\n`
    case 'invalid':
      return `INVALID   ${what}\n          ${verdict.reason}\n`
  }
}
