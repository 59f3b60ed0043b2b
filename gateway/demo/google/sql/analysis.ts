// What a statement touches, found while its names are bound and before anything is run: the answer
// of a dry run, and what it will be billed ("Query size calculation", "On-demand compute pricing").

import type { StoredRoutine, StoredTable, TableName } from './access.ts'
import { sizeOf } from './values.ts'

const MEBIBYTE = 1024 * 1024
/** Each table that a query refers to counts as 10 MiB at least. */
const MIN_BYTES_OF_A_TABLE = 10 * MEBIBYTE

export function fullName(name: TableName): string {
  return `${name.project}.${name.dataset}.${name.table}`
}

export class Analysis {
  readonly #tables = new Map<string, { table: StoredTable; columns: Set<number> }>()
  readonly #routines = new Map<string, StoredRoutine>()

  readTable(table: StoredTable): void {
    const name = fullName(table.name)
    if (!this.#tables.has(name)) this.#tables.set(name, { table, columns: new Set() })
  }

  readColumn(table: StoredTable, index: number): void {
    this.#tables.get(fullName(table.name))?.columns.add(index)
  }

  useRoutine(routine: StoredRoutine): void {
    this.#routines.set(`${routine.project}.${routine.dataset}.${routine.routine}`, routine)
  }

  get tables(): readonly TableName[] {
    return [...this.#tables.values()].map(({ table }) => table.name)
  }

  get routines(): readonly StoredRoutine[] {
    return [...this.#routines.values()]
  }

  get bytesProcessed(): number {
    return [...this.#tables.values()].reduce((sum, read) => sum + bytesOf(read), 0)
  }

  get bytesBilled(): number {
    return [...this.#tables.values()].reduce((sum, read) => {
      const rounded = Math.ceil(bytesOf(read) / MEBIBYTE) * MEBIBYTE
      return sum + Math.max(rounded, MIN_BYTES_OF_A_TABLE)
    }, 0)
  }
}

function bytesOf({ table, columns }: { table: StoredTable; columns: Set<number> }): number {
  let bytes = 0
  for (const index of columns) {
    const type = table.columns[index]?.type ?? 'INT64'
    for (const row of table.rows) bytes += sizeOf(row[index] ?? null, type)
  }
  return bytes
}
