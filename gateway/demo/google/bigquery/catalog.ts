// The datasets of the sandbox's one project, and what one caller may reach of them.

import type { Principal } from '../access-tokens.ts'
import type { Iam, Permission } from '../iam.ts'
import type { Access, StoredRoutine, StoredTable, TableName, TableNeed } from '../sql/access.ts'
import type { Path } from '../sql/ast.ts'
import { invalidQuery, notServed, SqlError } from '../sql/sql-error.ts'
import type { Column, Row } from '../sql/values.ts'

export interface SeedTable {
  readonly name: string
  readonly columns: readonly Column[]
  readonly rows: readonly Row[]
}

export interface SeedRoutine {
  readonly name: string
  readonly args: readonly Column[]
  readonly returns: Column['type']
  readonly body: string
}

export interface SeedDataset {
  readonly name: string
  readonly tables: readonly SeedTable[]
  readonly routines?: readonly SeedRoutine[]
}

export interface Dataset {
  readonly name: string
  readonly tables: Map<string, StoredTable>
  readonly routines: ReadonlyMap<string, StoredRoutine>
}

/** What EXPORT DATA wrote, and where to. */
export interface Export {
  readonly uri: string
  readonly by: string
  readonly rows: readonly Row[]
}

export class Catalog {
  readonly project: string
  readonly location: string
  readonly datasets = new Map<string, Dataset>()
  readonly exports: Export[] = []

  constructor(project: string, location: string, seeds: readonly SeedDataset[], now: number) {
    this.project = project
    this.location = location
    for (const { name: dataset, tables, routines = [] } of seeds) {
      const stored = tables.map(({ name, columns, rows }): [string, StoredTable] => [
        name,
        { name: { project, dataset, table: name }, columns, rows, createdAt: now },
      ])
      const callable = routines.map(({ name, ...routine }): [string, StoredRoutine] => [
        name,
        { project, dataset, routine: name, ...routine },
      ])
      const made = { name: dataset, tables: new Map(stored), routines: new Map(callable) }
      this.datasets.set(dataset, made)
    }
  }

  resourceOf(dataset: string): string {
    return `projects/${this.project}/datasets/${dataset}`
  }
}

const PERMISSIONS: Readonly<Record<TableNeed, Permission>> = {
  getData: 'bigquery.tables.getData',
  updateData: 'bigquery.tables.updateData',
  delete: 'bigquery.tables.delete',
  export: 'bigquery.tables.export',
}

interface CallerOptions {
  readonly catalog: Catalog
  readonly iam: Iam
  readonly principal: Principal
  readonly defaultDataset: string | undefined
  readonly now: number
}

/** The catalog as one caller's query sees it. */
export class CallerAccess implements Access {
  readonly #options: CallerOptions

  constructor(options: CallerOptions) {
    this.#options = options
  }

  #resolve(path: Path): TableName {
    const { catalog, defaultDataset } = this.#options
    if (path.some((part) => part.toUpperCase() === 'INFORMATION_SCHEMA')) {
      throw notServed('INFORMATION_SCHEMA')
    }
    if (path.length > 3) throw invalidQuery(`Invalid table name: ${path.join('.')}`)
    const [table = '', dataset = defaultDataset, project = catalog.project] = [...path].reverse()
    if (dataset === undefined) {
      throw invalidQuery(`Table "${table}" must be qualified with a dataset (e.g. dataset.table).`)
    }
    if (table.includes('*')) throw notServed('wildcard tables')
    return { project, dataset, table }
  }

  #isAllowed(permission: Permission, dataset: string): boolean {
    const { catalog, iam, principal } = this.#options
    return iam.isAllowed(principal, permission, catalog.resourceOf(dataset))
  }

  #open({ project, dataset, table }: TableName, permission: Permission): Dataset {
    const { catalog } = this.#options
    const name = `${project}:${dataset}.${table}`
    const denied = new SqlError(
      'accessDenied',
      `Access Denied: Table ${name}: User does not have permission to query table ${name}, or perhaps it does not exist.`,
    )
    if (project !== catalog.project) throw denied
    const found = catalog.datasets.get(dataset)
    if (found === undefined) {
      const where = `Dataset ${project}:${dataset} was not found in location ${catalog.location}`
      throw new SqlError('notFound', `Not found: ${where}`)
    }
    if (!this.#isAllowed(permission, dataset)) throw denied
    return found
  }

  table(path: Path, need: TableNeed): StoredTable {
    const name = this.#resolve(path)
    const found = this.#open(name, PERMISSIONS[need]).tables.get(name.table)
    if (found !== undefined) return found
    const where = `Table ${name.project}:${name.dataset}.${name.table} was not found`
    throw new SqlError(
      'notFound',
      `Not found: ${where} in location ${this.#options.catalog.location}`,
    )
  }

  place(path: Path): TableName {
    const name = this.#resolve(path)
    if (!/^\w{1,1024}$/.test(name.table)) throw invalidQuery(`Invalid table ID "${name.table}"`)
    this.#open(name, 'bigquery.tables.create')
    return name
  }

  existing(name: TableName): StoredTable | undefined {
    return this.#options.catalog.datasets.get(name.dataset)?.tables.get(name.table)
  }

  routine(path: Path): StoredRoutine {
    const { project, dataset, table } = this.#resolve(path)
    const { catalog } = this.#options
    const isOpen = project === catalog.project && this.#isAllowed('bigquery.routines.get', dataset)
    const found = isOpen ? catalog.datasets.get(dataset)?.routines.get(table) : undefined
    if (found === undefined) throw invalidQuery(`Function not found: ${path.join('.')}`)
    return found
  }

  put(name: TableName, columns: readonly Column[], rows: readonly Row[]): void {
    const { catalog, now } = this.#options
    catalog.datasets
      .get(name.dataset)
      ?.tables.set(name.table, { name, columns, rows, createdAt: now })
  }

  drop(name: TableName): void {
    this.#options.catalog.datasets.get(name.dataset)?.tables.delete(name.table)
  }

  exportTo(uri: string, _columns: readonly Column[], rows: readonly Row[]): void {
    const { catalog, principal } = this.#options
    catalog.exports.push({ uri, by: principal.name, rows })
  }
}
