// The corpus of SQL texts, test/conformance/sql/*.json. Verdicts are those of GoogleSQL's rules and
// BigQuery's reference, each with its source; none was made by the reader under test.

import { readTestJson } from './test-data.ts'

export interface SqlCase {
  readonly id: string
  readonly sql: string
  readonly verdict: 'read' | 'write' | 'refused'
  /** Where the verdict is no refusal. */
  readonly kind?: string
  /** Where it is one. */
  readonly rule?: string
  readonly reason: string
  readonly facts?: Readonly<Record<string, readonly string[]>>
}

const FILES = ['reads', 'writes', 'refused', 'differentials']

export function readSqlCorpus(): readonly SqlCase[] {
  return FILES.flatMap((file) => readTestJson(`conformance/sql/${file}.json`) as SqlCase[])
}
