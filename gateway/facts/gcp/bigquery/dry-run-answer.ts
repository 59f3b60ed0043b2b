// What BigQuery answers to a dry run, read strictly: REST `Job` with `statistics.query`
// (https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobStatistics2). Whatever does not
// have the documented form is a refusal, and a reference that we cannot name completely is none that
// a policy could judge. The answer is foreign text: nothing of it but names and numbers goes on.

import { isUtf8 } from 'node:buffer'
import { refusal, type Refusal } from '../../../errors.ts'
import {
  isJsonArray,
  isJsonObject,
  parseStrictJson,
  type JsonObject,
  type JsonValue,
} from '../../../util/json.ts'
import { err, ok, type Result } from '../../../util/result.ts'
import type { DryRunAnswer, RoutineReference, TableReference } from '../../lookups.ts'

/** A Job is about ten deep; its schema, which nests by the table's records, 15 more. */
const MAX_DEPTH = 64
/** From here on a list may have been cut off (docs/POLICY.md). */
const CUT_OFF = 50
/** More than BigQuery names in an answer of the size that is read. */
const MAX_REFERENCES = 4096

const PROJECT = /^(?:[a-z0-9.-]{1,253}:)?[a-z0-9][a-z0-9-]{0,62}$/
/** `INFORMATION_SCHEMA` and `region-eu` stand here too. */
const DATASET = /^[A-Za-z0-9_-]{1,1024}$/
/**
 * Letters, marks, digits, connectors, dashes and spaces (BigQuery: "Table naming"); `*` of a wildcard
 * and `$` of a partition behind the name. No dot: full names stay unambiguous.
 */
const TABLE = /^[\p{L}\p{M}\p{N}\p{Pc}\p{Pd}\p{Zs}*$]{1,1024}$/u
const ROUTINE = /^[A-Za-z0-9_]{1,256}$/
const INT64 = /^(?:0|[1-9][0-9]{0,18})$/

type Parsed<T> = Result<T, Refusal>

export function readDryRunAnswer(body: Buffer): Parsed<DryRunAnswer> {
  if (!isUtf8(body)) return malformed('it is not UTF-8')
  const parsed = parseStrictJson(body.toString('utf8'), { maxDepth: MAX_DEPTH })
  if (!parsed.ok || !isJsonObject(parsed.value)) return malformed('it is no JSON object')
  const job = parsed.value
  if (memberOf(job, 'configuration', 'dryRun') !== true) {
    return malformed('it does not say that it was a dry run')
  }
  if (memberOf(job, 'status', 'errorResult') !== undefined) {
    return malformed('the job failed')
  }
  const query = memberOf(job, 'statistics', 'query')
  if (!isJsonObject(query)) return malformed('it has no statistics of a query')
  return readQuery(query)
}

function readQuery(query: JsonObject): Parsed<DryRunAnswer> {
  const statementType = query.get('statementType')
  if (typeof statementType !== 'string') return malformed('it names no type of statement')
  const foreign = foreignEffect(query)
  if (statementType !== 'SELECT' || foreign !== undefined) {
    // The two readings of one text differ: one of them is wrong, and nobody knows which.
    const what = foreign ?? 'another type of statement than SELECT'
    return err(refusal('ERR_SG_DENIED', `the dry run says ${what}, our lexer a query`, 'LOOK-6'))
  }
  const bytes = query.get('totalBytesProcessed')
  if (typeof bytes !== 'string' || !INT64.test(bytes) || !Number.isSafeInteger(Number(bytes))) {
    return malformed('it names no bytes')
  }
  const tables = references(query.get('referencedTables'), readTable)
  if (!tables.ok) return tables
  const routines = references(query.get('referencedRoutines'), readRoutine)
  if (!routines.ok) return routines
  return ok(
    Object.freeze({
      statementType,
      tables: tables.value.items,
      routines: routines.value.items,
      estimatedBytes: Number(bytes),
      isWhole: tables.value.isWhole && routines.value.isWhole && !hasOtherReferences(query),
    }),
  )
}

/** What a statement that only reads does not have: targets of DDL and DCL (`ddlTargetTable`, …). */
function foreignEffect(query: JsonObject): string | undefined {
  for (const name of query.keys()) {
    if (name.startsWith('ddl') || name.startsWith('dcl'))
      return `it has a ${name.slice(0, 3)} target`
  }
  return undefined
}

/** References of a kind that is no target here, such as `referencedPropertyGraphs`. */
function hasOtherReferences(query: JsonObject): boolean {
  for (const [name, value] of query) {
    if (!name.startsWith('referenced') || KNOWN_REFERENCES.has(name)) continue
    if (!isJsonArray(value) || value.length > 0) return true
  }
  return false
}

const KNOWN_REFERENCES: ReadonlySet<string> = new Set(['referencedTables', 'referencedRoutines'])

interface References<T> {
  /** Sorted by full name, distinct. */
  readonly items: readonly T[]
  readonly isWhole: boolean
}

/** An absent list is an empty one: `SELECT 1` refers to nothing. */
function references<T>(
  value: JsonValue | undefined,
  read: (reference: JsonObject) => readonly [name: string, item: T] | undefined,
): Parsed<References<T>> {
  if (value === undefined) return ok({ items: [], isWhole: true })
  if (!isJsonArray(value)) return malformed('its references are no list')
  if (value.length > MAX_REFERENCES) return malformed('it has too many references')
  const byName = new Map<string, T>()
  for (const each of value) {
    const reference = isJsonObject(each) ? read(each) : undefined
    if (reference === undefined) return malformed('a reference has no name that we know')
    byName.set(...reference)
  }
  const sorted = [...byName].sort(([a], [b]) => (a < b ? -1 : 1))
  const items = Object.freeze(sorted.map(([, item]) => item))
  return ok({ items, isWhole: value.length < CUT_OFF })
}

function readTable(value: JsonObject): readonly [string, TableReference] | undefined {
  const project = named(value, 'projectId', PROJECT)
  const dataset = named(value, 'datasetId', DATASET)
  const table = named(value, 'tableId', TABLE)
  if (project === undefined || dataset === undefined || table === undefined) return undefined
  return [`${project}.${dataset}.${table}`, Object.freeze({ project, dataset, table })]
}

function readRoutine(value: JsonObject): readonly [string, RoutineReference] | undefined {
  const project = named(value, 'projectId', PROJECT)
  const dataset = named(value, 'datasetId', DATASET)
  const routine = named(value, 'routineId', ROUTINE)
  if (project === undefined || dataset === undefined || routine === undefined) return undefined
  return [`${project}.${dataset}.${routine}`, Object.freeze({ project, dataset, routine })]
}

function named(value: JsonObject, member: string, form: RegExp): string | undefined {
  const text = value.get(member)
  return typeof text === 'string' && form.test(text) ? text : undefined
}

function memberOf(object: JsonObject, ...path: readonly string[]): JsonValue | undefined {
  let current: JsonValue | undefined = object
  for (const name of path) current = isJsonObject(current) ? current.get(name) : undefined
  return current
}

function malformed(what: string): Result<never, Refusal> {
  return err(
    refusal('ERR_SG_DENIED', `the answer of the dry run is not understood: ${what}`, 'LOOK-5'),
  )
}

const REASON = /^[A-Za-z]{1,32}$/

/** Google's word for a failure (`notFound`, `invalidQuery`), for our records; never its message. */
export function failureReason(body: Buffer): string | undefined {
  const parsed = parseStrictJson(body.toString('utf8'), { maxDepth: MAX_DEPTH })
  if (!parsed.ok || !isJsonObject(parsed.value)) return undefined
  const errors = memberOf(parsed.value, 'error', 'errors')
  const [first] = isJsonArray(errors) ? errors : []
  const reason = isJsonObject(first) ? first.get('reason') : undefined
  return typeof reason === 'string' && REASON.test(reason) ? reason : undefined
}
