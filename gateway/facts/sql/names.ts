// The names that a text calls and reads, as facts. Function names of BigQuery have no case and may be
// written in backticks; names of routines have case. SAFE. before a name is no part of it
// (https://cloud.google.com/bigquery/docs/reference/standard-sql/functions-reference#safe_prefix).

import {
  BUILT_IN_NAMESPACES,
  EXTERNAL_FUNCTIONS,
  HARMLESS_FUNCTIONS,
  HISTORY_FUNCTIONS,
} from './built-in-functions.ts'
import type { SqlFeature, SqlText } from './sql-text.ts'

/** Different names of a kind; BigQuery allows a query 1,000 tables and few texts name fifty. */
export const MAX_NAMES = 512

/** What a path names, part by part. `isPlain` is false when a quoted part holds a dot. */
export interface WrittenPath {
  readonly parts: readonly string[]
  readonly isPlain: boolean
}

export type NameFacts = Pick<
  SqlText,
  'functions' | 'tableFunctions' | 'unlistedFunctions' | 'features' | 'tables'
>

export class CollectedNames {
  readonly #functions = new Set<string>()
  readonly #tableFunctions = new Set<string>()
  readonly #unlisted = new Set<string>()
  readonly #features = new Set<SqlFeature>()
  readonly #tables = new Set<string>()
  readonly #queryNames = new Set<string>()

  /** More different names of a kind than a text may have. */
  areTooMany = false

  addFeature(feature: SqlFeature): void {
    this.#features.add(feature)
  }

  addFunction(path: WrittenPath, isTable: boolean): void {
    const called = withoutSafe(path)
    const written = called.parts.join('.')
    const upper = written.toUpperCase()
    const isBuiltIn = called.isPlain && isBuiltInName(upper, called.parts)
    const name = isBuiltIn ? upper : written
    const names = isTable ? this.#tableFunctions : this.#functions
    if (names.has(name)) return
    names.add(name)
    this.areTooMany ||= names.size > MAX_NAMES
    if (isBuiltIn && HARMLESS_FUNCTIONS.has(upper)) return
    this.#unlisted.add(name)
    this.#features.add(featureOf(upper, isBuiltIn))
  }

  addTable(path: WrittenPath): void {
    this.#tables.add(path.parts.join('.'))
    this.areTooMany ||= this.#tables.size > MAX_NAMES
  }

  /** A name that WITH defines; it is no table. */
  addQueryName(name: string): void {
    this.#queryNames.add(name.toLowerCase())
  }

  collected(): NameFacts {
    return {
      functions: sorted(this.#functions),
      tableFunctions: sorted(this.#tableFunctions),
      unlistedFunctions: sorted(this.#unlisted),
      features: sorted(this.#features),
      tables: this.#tableNames(),
    }
  }

  #tableNames(): readonly string[] {
    for (const name of this.#tables) {
      if (this.#queryNames.has(name.toLowerCase())) this.#tables.delete(name)
    }
    return sorted(this.#tables)
  }
}

function withoutSafe(path: WrittenPath): WrittenPath {
  const [first, ...rest] = path.parts
  if (rest.length === 0 || first?.toUpperCase() !== 'SAFE') return path
  return { parts: rest, isPlain: path.isPlain }
}

function isBuiltInName(upper: string, parts: readonly string[]): boolean {
  if (parts.length === 1) return true
  return parts.length === 2 && BUILT_IN_NAMESPACES.has(upper.slice(0, upper.indexOf('.')))
}

function featureOf(upper: string, isBuiltIn: boolean): SqlFeature {
  if (!isBuiltIn) return 'routine'
  const dot = upper.indexOf('.')
  switch (dot === -1 ? upper : upper.slice(0, dot)) {
    case 'AI':
      return 'ai'
    case 'ML':
      return 'ml'
    case 'VECTOR_SEARCH':
      return 'vector_search'
    case 'AEAD':
    case 'KEYS':
    case 'OBJ':
      return 'external'
    default:
      if (EXTERNAL_FUNCTIONS.has(upper)) return 'external'
      return HISTORY_FUNCTIONS.has(upper) ? 'system_time' : 'routine'
  }
}

function sorted<T extends string>(names: ReadonlySet<T>): readonly T[] {
  if (names.size === 0) return []
  return names.size === 1 ? [...names] : [...names].toSorted()
}
