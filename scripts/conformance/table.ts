// From what the conformance suites said to a table of rules. A test of such a suite begins its title
// with the id of the rule that it shows: `XV+b6/rsaMd5 refuses …`, `SQL-PIPE: …`; what follows a slash
// tells rows of one rule apart. A test without an id is about the suite itself.

export interface SuiteResult {
  /** `test/conformance/svid.test.ts` */
  readonly file: string
  readonly tests: readonly { readonly title: string; readonly ok: boolean }[]
  readonly faults: readonly string[]
}

export interface CatalogueRule {
  readonly id: string
  readonly requires: string
}

/** What each file of test/conformance has to show, in the order of the table. */
export type Catalogue = ReadonlyMap<string, readonly CatalogueRule[]>

export interface RuleRow {
  readonly id: string
  readonly requires: string
  readonly passed: number
  readonly failed: number
}

export interface SuiteRows {
  readonly file: string
  readonly rules: readonly RuleRow[]
  /** Tests about the suite itself, and faults of its process. */
  readonly itself: { readonly passed: number; readonly failed: number }
}

const RULE_ID = /^([A-Z][A-Z0-9]*[-+][A-Za-z0-9-]+)(?=[/: ])/

export function ruleIdOf(title: string): string | undefined {
  return RULE_ID.exec(title)?.[1]
}

/**
 * The rows of every suite that ran. A rule of the catalogue that no test shows has none passed: it
 * counts as failed, since a deleted row must not look like a passing one.
 */
export function conformanceRows(
  results: readonly SuiteResult[],
  catalogue: Catalogue,
): readonly SuiteRows[] {
  return results.map(({ file, tests, faults }) => {
    const counts = new Map<string, { passed: number; failed: number }>()
    const known = catalogue.get(file) ?? []
    for (const { id } of known) counts.set(id, { passed: 0, failed: 0 })
    const itself = { passed: 0, failed: faults.length }
    for (const { title, ok } of tests) {
      const id = ruleIdOf(title)
      const count = id === undefined ? itself : (counts.get(id) ?? { passed: 0, failed: 0 })
      if (id !== undefined) counts.set(id, count)
      if (ok) count.passed += 1
      else count.failed += 1
    }
    const requires = new Map(known.map((rule) => [rule.id, rule.requires]))
    const rules = [...counts].map(([id, count]) => ({
      id,
      requires: requires.get(id) ?? '',
      ...count,
    }))
    return { file, rules, itself }
  })
}

export function isHeld({ passed, failed }: RuleRow): boolean {
  return passed > 0 && failed === 0
}

export interface Sums {
  readonly held: number
  readonly broken: number
}

/** Rules held and not; a suite that fails by itself counts as one more that is not. */
export function sumsOf(suites: readonly SuiteRows[]): Sums {
  let held = 0
  let broken = 0
  for (const { rules, itself } of suites) {
    for (const rule of rules) {
      if (isHeld(rule)) held += 1
      else broken += 1
    }
    if (itself.failed > 0) broken += 1
  }
  return { held, broken }
}

/** `brief`: one line a suite, and of the rules only those that are not held. */
export function tableText(suites: readonly SuiteRows[], brief: boolean): string {
  const width = Math.max(0, ...suites.flatMap(({ rules }) => rules.map(({ id }) => id.length)))
  return suites
    .map(({ file, rules, itself }) => {
      const shown = brief ? rules.filter((rule) => !isHeld(rule)) : rules
      const tests = rules.reduce((sum, rule) => sum + rule.passed + rule.failed, 0)
      return (
        `${file}: ${rules.length} rules, ${tests} tests` +
        (itself.failed === 0 ? '\n' : `, ${itself.failed} faults of the suite itself\n`) +
        shown.map((rule) => ruleLine(rule, width)).join('')
      )
    })
    .join('')
}

function ruleLine(rule: RuleRow, width: number): string {
  const { id, requires, passed, failed } = rule
  const verdict = isHeld(rule) ? 'pass' : passed + failed === 0 ? 'NONE' : 'FAIL'
  const counts = `${String(passed).padStart(4)} passed, ${failed} failed`
  return `  ${verdict}  ${id.padEnd(width)} ${counts}${requires === '' ? '' : `  ${requires}`}\n`
}
