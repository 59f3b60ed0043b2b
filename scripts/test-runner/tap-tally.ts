// Reads one test file's TAP as it comes and counts assertions: the leaves, never the summary line
// of a subtest, so that a thousand assertions in one test count as a thousand.

import { Parser, type FinalResults, type Result } from 'tap-parser'

export interface Failure {
  /** `a > nested > title` */
  readonly title: string
  /** What the assertion printed of itself. */
  readonly diagnostics: unknown
}

/** A test of the file itself, not one inside another. */
export interface TopTest {
  readonly title: string
  readonly ok: boolean
}

export class TapTally {
  passed = 0
  skipped: string[] = []
  failures: Failure[] = []
  tests: TopTest[] = []
  /** Structural faults: no plan, a truncated plan, a bail-out. */
  faults: string[] = []
  /** Lines that are no TAP: what the file printed beside it. */
  extra = ''

  readonly #parser = new Parser()
  #openSubtests = 0

  constructor() {
    this.#watch(this.#parser, '')
    this.#parser.on('extra', (text: string) => {
      this.extra += text
    })
  }

  write(text: string): void {
    this.#parser.write(text)
  }

  /** The stream is over; counts are final afterwards. */
  end(): void {
    this.#parser.end()
  }

  get isTesting(): boolean {
    return this.#openSubtests > 0
  }

  #watch(parser: Parser, path: string): void {
    let closing: { failed: boolean } | undefined
    parser.on('child', (child: Parser) => {
      this.#openSubtests += 1
      const failuresBefore = this.failures.length
      this.#watch(child, join(path, child.name))
      child.on('complete', () => {
        this.#openSubtests -= 1
        closing = { failed: this.failures.length > failuresBefore }
      })
    })
    parser.on('assert', (result: Result) => {
      const summaryOf = closing
      closing = undefined
      if (path === '') this.tests.push({ title: result.name, ok: result.ok })
      this.#count(result, join(path, result.name), summaryOf)
    })
    parser.on('complete', (results: FinalResults) => {
      this.#structure(results, path)
    })
  }

  /** `summaryOf` is set for the line that closes a subtest, whose leaves were counted already. */
  #count(result: Result, title: string, summaryOf: { failed: boolean } | undefined): void {
    if (result.skip !== false || result.todo !== false) {
      this.skipped.push(`${title} (${result.skip === false ? 'todo' : 'skip'})`)
    } else if (!result.ok) {
      // A subtest can fail by itself: it threw, timed out or broke its plan.
      if (summaryOf?.failed !== true) this.failures.push({ title, diagnostics: result.diag })
    } else if (summaryOf === undefined) {
      this.passed += 1
    }
  }

  #structure(results: FinalResults, path: string): void {
    const where = path === '' ? '' : ` in "${path}"`
    if (results.bailout !== false) {
      if (path === '') this.faults.push(`bailed out: ${String(results.bailout)}`)
      return
    }
    const { start, end } = results.plan
    if (start === null || end === null) {
      this.faults.push(`no plan${where}: the output ends early`)
    } else if (end - start + 1 !== results.count) {
      this.faults.push(
        `truncated${where}: ${String(end - start + 1)} planned, ${String(results.count)} came`,
      )
    }
  }
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path} > ${name}`
}
