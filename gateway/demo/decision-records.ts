// Reads the gateway's own decision records (docs/OPERATIONS.md) as any outside reader would: JSON
// lines in the files of a directory, oldest first.

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

export interface DecisionRecord {
  readonly id: string
  readonly allow: boolean
  /** `ERR_SG_…` of a denial. */
  readonly code: string | undefined
  readonly reasons: readonly string[]
  /** `s3.PutObject`; undefined when there were no facts. */
  readonly operation: string | undefined
  readonly targets: readonly string[]
  /** Of a query, once a dry run has told. */
  readonly dryRun: { readonly tables: readonly string[]; readonly bytes: number } | undefined
  readonly credential: { readonly name: string; readonly session: string } | undefined
}

function member(value: unknown, ...path: readonly string[]): unknown {
  let at = value
  for (const name of path) {
    if (typeof at !== 'object' || at === null) return undefined
    at = (at as Readonly<Record<string, unknown>>)[name]
  }
  return at
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function parseRecord(line: string): DecisionRecord | undefined {
  const record: unknown = JSON.parse(line)
  const id = text(member(record, 'decision_id'))
  if (member(record, 'type') !== 'decision' || id === undefined) return undefined
  const name = text(member(record, 'credential', 'name'))
  const session = text(member(record, 'credential', 'session'))
  const bytes = member(record, 'facts', 'sql', 'estimated_bytes')
  const tables = list(member(record, 'facts', 'sql', 'tables')).map(String)
  return {
    id,
    allow: member(record, 'result', 'allow') === true,
    code: text(member(record, 'result', 'code')),
    reasons: list(member(record, 'result', 'reasons')).map(String),
    operation: text(member(record, 'facts', 'operation', 'name')),
    targets: list(member(record, 'facts', 'targets')).map(
      (target) => text(member(target, 'name')) ?? '',
    ),
    dryRun: typeof bytes === 'number' ? { tables, bytes } : undefined,
    credential: name === undefined ? undefined : { name, session: session ?? '' },
  }
}

/** Every decision record in the directory. A line that is not JSON throws SyntaxError. */
export async function readDecisions(auditDir: string): Promise<readonly DecisionRecord[]> {
  const files = (await readdir(auditDir)).filter((name) => name.endsWith('.jsonl')).toSorted()
  const decisions: DecisionRecord[] = []
  for (const file of files) {
    const content = await readFile(join(auditDir, file), 'utf8')
    // A last line without its end is still being written.
    for (const line of content.split('\n').slice(0, -1)) {
      const record = parseRecord(line)
      if (record !== undefined) decisions.push(record)
    }
  }
  return decisions
}
