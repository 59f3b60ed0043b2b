// Runs one compiled test file in a process group of its own and judges it: by its assertions, and
// by how it ended. A file passes only if it said what it would do, did all of it, exited by itself
// with code 0 and left nothing running.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { isGroupAlive, killGroup } from '../support/process-group.ts'
import { TapTally, type Failure, type TopTest } from './tap-tally.ts'

export interface FileResult {
  /** As shown: relative to the repository's root. */
  readonly file: string
  readonly passed: number
  readonly failures: readonly Failure[]
  readonly tests: readonly TopTest[]
  /** What is wrong with the file as a whole; each counts as one failure. */
  readonly faults: readonly string[]
  readonly skipped: readonly string[]
  readonly milliseconds: number
  /** Everything it printed that is no TAP, both streams. */
  readonly noise: string
}

export interface RunFileOptions {
  readonly deadlineSeconds: number
  readonly graceSeconds: number
  readonly strict: boolean
  readonly signal: AbortSignal
}

export interface TestFile {
  readonly shown: string
  readonly compiled: string
}

/** Time for a process to say what keeps it alive; one that cannot is busy, not leaking. */
const PROBE_ANSWER_MS = 2_000
/** Time for the output to drain and for children to end after the exit of the process itself. */
const ENDING_MS = 2_000
const POLL_MS = 20
const KEEP_NOISE = 64 * 1024

const probe = fileURLToPath(new URL('./probe.js', import.meta.url))

/** Never rejects: whatever happens is a result. */
export async function runFile(file: TestFile, options: RunFileOptions): Promise<FileResult> {
  const started = performance.now()
  const tally = new TapTally()
  const faults: string[] = []
  const child = start(file.compiled, options)
  const noise = collect(child, tally)
  const watchdog = new Watchdog(child, tally, options, faults)

  const [code, signal] = await ended(child, faults)
  watchdog.stop()
  await nothingLeft(child, faults)
  tally.end()

  judge(tally, { code, signal, killed: watchdog.killed }, faults)
  if (options.strict && tally.skipped.length > 0) {
    faults.push(...tally.skipped.map((title) => `skipped or todo in CI: ${title}`))
  }
  return {
    file: file.shown,
    passed: tally.passed,
    failures: tally.failures,
    tests: tally.tests,
    faults,
    skipped: options.strict ? [] : tally.skipped,
    milliseconds: Math.round(performance.now() - started),
    noise: (tally.extra + noise()).slice(-KEEP_NOISE),
  }
}

function start(compiled: string, options: RunFileOptions): ChildProcess {
  return spawn(process.execPath, ['--import', probe, '--enable-source-maps', compiled], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    // Its own process group, so that whatever it leaves behind can be found and ended.
    detached: true,
    // One clock rules: tap's own time limit is set beyond ours.
    env: { ...process.env, TAP_TIMEOUT: String(options.deadlineSeconds * 2) },
  })
}

function collect(child: ChildProcess, tally: TapTally): () => string {
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    tally.write(text)
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-KEEP_NOISE)
  })
  return () => stderr
}

function ended(
  child: ChildProcess,
  faults: string[],
): Promise<readonly [number | null, NodeJS.Signals | null]> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      resolve([code, signal])
    })
    child.once('error', (error) => {
      faults.push(`could not be started: ${error.message}`)
      resolve([0, null])
    })
  })
}

/** Both pipes have closed and no process of the group is left, or that is a fault. */
async function nothingLeft(child: ChildProcess, faults: string[]): Promise<void> {
  const { pid } = child
  if (pid === undefined) return
  const closed =
    child.stdout?.closed === true ? Promise.resolve(true) : once(child, 'close').then(() => true)
  const tooLate = delay(ENDING_MS)
  if (!(await Promise.race([closed, tooLate.promise]))) {
    faults.push('left a process behind that holds its output open')
    killGroup(pid)
    await closed
  }
  tooLate.cancel()
  const patience = performance.now() + ENDING_MS
  while (isGroupAlive(pid)) {
    if (performance.now() > patience) {
      faults.push('left a process running')
      killGroup(pid)
      return
    }
    await delay(POLL_MS).promise
  }
}

interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly killed: boolean
}

function judge(tally: TapTally, ending: Ending, faults: string[]): void {
  // A process that we had to kill could not print its plan: one fault, not three.
  if (ending.killed) return
  if (ending.signal !== null) faults.push(`ended by ${ending.signal}`)
  // tap exits with 1 when an assertion failed; alone, any code is a fault of its own.
  const explained = ending.code === 1 && tally.failures.length > 0
  if (ending.code !== null && ending.code !== 0 && !explained) {
    faults.push(`exit code ${String(ending.code)}`)
  }
  faults.push(...tally.faults)
  if (tally.passed + tally.failures.length === 0 && faults.length === 0) {
    faults.push('no assertion was made')
  }
}

function delay(milliseconds: number): { promise: Promise<false>; cancel: () => void } {
  let timer: NodeJS.Timeout | undefined
  const promise = new Promise<false>((resolve) => {
    timer = setTimeout(() => {
      resolve(false)
    }, milliseconds)
  })
  return {
    promise,
    cancel: () => {
      clearTimeout(timer)
    },
  }
}

/** Ends a process that takes too long, or that lives on when its tests are over. */
class Watchdog {
  killed = false

  readonly #child: ChildProcess
  readonly #tally: TapTally
  readonly #faults: string[]
  readonly #graceMs: number
  readonly #deadline: NodeJS.Timeout
  readonly #abort: () => void
  readonly #signal: AbortSignal
  #silence: NodeJS.Timeout | undefined
  #stopped = false

  constructor(child: ChildProcess, tally: TapTally, options: RunFileOptions, faults: string[]) {
    this.#child = child
    this.#tally = tally
    this.#faults = faults
    this.#graceMs = options.graceSeconds * 1000
    this.#deadline = setTimeout(() => {
      this.#kill(`not over after ${String(options.deadlineSeconds)} s`)
    }, options.deadlineSeconds * 1000)
    this.#abort = () => {
      this.#kill('stopped')
    }
    this.#signal = options.signal
    if (options.signal.aborted) this.#abort()
    else options.signal.addEventListener('abort', this.#abort)
    child.stdout?.on('data', () => {
      this.#rearm()
    })
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#deadline)
    clearTimeout(this.#silence)
    this.#signal.removeEventListener('abort', this.#abort)
  }

  #rearm(): void {
    clearTimeout(this.#silence)
    if (this.#stopped) return
    this.#silence = setTimeout(() => {
      void this.#onSilence()
    }, this.#graceMs)
  }

  async #onSilence(): Promise<void> {
    const report = await this.#ask()
    if (this.#stopped || this.killed) return
    // Without tap in the process, what it printed tells whether a test is under way.
    if (report === undefined || (report.testing ?? this.#tally.isTesting)) {
      this.#rearm()
      return
    }
    const names =
      report.resources.length === 0 ? 'nothing that Node names' : report.resources.join(', ')
    this.#kill(
      `still alive ${String(this.#graceMs / 1000)} s after its last assertion; kept by: ${names}`,
    )
  }

  async #ask(): Promise<ProbeReport | undefined> {
    const channel = this.#child.stdio[3]
    if (channel === null || channel === undefined) return undefined
    const tooLate = AbortSignal.timeout(PROBE_ANSWER_MS)
    try {
      const answer = once(channel, 'data', { signal: tooLate })
      this.#child.kill('SIGUSR2')
      const [chunk] = (await answer) as [Buffer]
      return parseReport(chunk.toString())
    } catch {
      return undefined // busy or gone: the deadline and the exit decide about those
    }
  }

  #kill(reason: string): void {
    if (this.#stopped || this.killed) return
    this.killed = true
    this.#faults.push(reason)
    if (this.#child.pid !== undefined) killGroup(this.#child.pid)
  }
}

interface ProbeReport {
  /** Undefined: no tap in that process. */
  readonly testing: boolean | undefined
  readonly resources: readonly string[]
}

function parseReport(text: string): ProbeReport | undefined {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null) return undefined
  if (!('resources' in value) || !Array.isArray(value.resources)) return undefined
  return {
    testing: 'testing' in value ? value.testing === true : undefined,
    resources: withoutStandardPipes(value.resources.map(String)),
  }
}

/** Both output pipes show up in every process; what remains is what the test left open. */
function withoutStandardPipes(resources: readonly string[]): readonly string[] {
  let standard = 2
  return resources.filter((name) => name !== 'PipeWrap' || standard-- <= 0)
}
