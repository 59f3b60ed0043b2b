// Which tables a query reads, told by sqlglot in the emulator's own Python: what a dry run of the real
// BigQuery would say, worked out by a reader that shares nothing with ours.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { repositoryRoot } from '../test-data.ts'
import { toolPath } from '../tools.ts'

export interface TableReading {
  readonly kind: 'SELECT' | 'SCRIPT' | 'OTHER'
  readonly tables: readonly (readonly [project: string, dataset: string, table: string])[]
}

export interface TableReader {
  /** One question at a time. */
  read(sql: string, project: string, dataset: string): Promise<TableReading>
  stop(): Promise<void>
}

export function startTableReader(): TableReader {
  const child = spawn(
    toolPath('bqemulator', 'bin/python'),
    [join(repositoryRoot(), 'test/real/bigquery_tables.py')],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  let last: Promise<unknown> = Promise.resolve()
  return {
    read: (sql, project, dataset) => {
      const answer = last.then(async () => {
        child.stdin.write(`${JSON.stringify({ sql, project, dataset })}\n`)
        const line = await lines.next()
        if (line.done === true) throw new Error(`sqlglot could not read: ${sql}`)
        return JSON.parse(line.value) as TableReading
      })
      last = answer.catch(() => undefined)
      return answer
    },
    stop: async () => {
      const closed = once(child, 'close')
      child.stdin.end()
      await closed
    },
  }
}
