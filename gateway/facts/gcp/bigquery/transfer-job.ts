// Jobs that move data without an SQL text: load, copy, extract. They are read so that a policy sees
// what they would do and denies it by name; a URI outside Cloud Storage is none that facts can name.

import type { JsonValue } from '../../../util/json.ts'
import { isJsonArray, isJsonObject } from '../../../util/json.ts'
import { ok, type Result } from '../../../util/result.ts'
import { quoted } from '../../quoted.ts'
import type { TableReference } from '../../lookups.ts'
import type { FieldMap } from './body-fields.ts'
import type { JobKind } from './job-fields.ts'
import { refuseBigQuery, type BigQueryRefusal } from './refusal-rules.ts'

export interface StorageObject {
  readonly bucket: string
  readonly key: string
}

export interface ModelReference {
  readonly project: string
  readonly dataset: string
  readonly model: string
}

/** What a job reads or writes. */
export interface Moved {
  readonly tables: readonly TableReference[]
  readonly models: readonly ModelReference[]
  readonly objects: readonly StorageObject[]
}

export interface Transfer {
  readonly reads: Moved
  readonly writes: Moved
  /** False where a URI has a wildcard, which names more than itself. */
  readonly isWhole: boolean
}

type Read<T> = Result<T, BigQueryRefusal>

/** Cloud Storage's bucket names, and an object behind them. */
const STORAGE_URI = /^gs:\/\/([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])\/(.+)$/s

const NOTHING: Moved = { tables: [], models: [], objects: [] }

export function readTransfer(kind: Exclude<JobKind, 'query'>, fields: FieldMap): Read<Transfer> {
  switch (kind) {
    case 'load':
      return readLoad(fields)
    case 'copy':
      return readCopy(fields)
    case 'extract':
      return readExtract(fields)
  }
}

function readLoad(fields: FieldMap): Read<Transfer> {
  const destination = tableOf(fields.get('destinationTable'))
  const sources = objectsOf(fields.get('sourceUris'))
  if (!sources.ok) return sources
  if (destination === undefined || sources.value.length === 0) {
    return refuseBigQuery('BQ-JOB', 'a load without a destinationTable or sourceUris')
  }
  return ok({
    reads: { ...NOTHING, objects: sources.value },
    writes: { ...NOTHING, tables: [destination] },
    isWhole: sources.value.every(isOneObject),
  })
}

function readCopy(fields: FieldMap): Read<Transfer> {
  const destination = tableOf(fields.get('destinationTable'))
  const listed = fields.get('sourceTables')
  const given = [fields.get('sourceTable'), ...(isJsonArray(listed) ? listed : [])]
  const sources = given.filter((item) => item !== undefined).map(tableOf)
  const known = sources.filter((source) => source !== undefined)
  if (destination === undefined || known.length === 0 || known.length < sources.length) {
    return refuseBigQuery('BQ-JOB', 'a copy without a source or a destinationTable')
  }
  if (fields.has('sourceTable') && fields.has('sourceTables')) {
    return refuseBigQuery('BQ-JOB', 'a copy with both sourceTable and sourceTables')
  }
  return ok({
    reads: { ...NOTHING, tables: known },
    writes: { ...NOTHING, tables: [destination] },
    isWhole: true,
  })
}

function readExtract(fields: FieldMap): Read<Transfer> {
  const table = tableOf(fields.get('sourceTable'))
  const model = modelOf(fields.get('sourceModel'))
  const single = fields.get('destinationUri')
  const listed = single === undefined ? fields.get('destinationUris') : [single]
  const destinations = objectsOf(listed)
  if (!destinations.ok) return destinations
  const isOneSource = (table === undefined) !== (model === undefined)
  const isOneList = fields.has('destinationUri') !== fields.has('destinationUris')
  if (!isOneSource || !isOneList || destinations.value.length === 0) {
    const detail = 'an extract without exactly one source and one list of destinationUris'
    return refuseBigQuery('BQ-JOB', detail)
  }
  return ok({
    reads: {
      ...NOTHING,
      tables: table === undefined ? [] : [table],
      models: model === undefined ? [] : [model],
    },
    writes: { ...NOTHING, objects: destinations.value },
    isWhole: destinations.value.every(isOneObject),
  })
}

function isOneObject({ key }: StorageObject): boolean {
  return !key.includes('*')
}

/** Of a `TableReference` whose parts were checked; undefined where one is missing. */
export function tableOf(value: JsonValue | undefined): TableReference | undefined {
  const project = partOf(value, 'projectId')
  const dataset = partOf(value, 'datasetId')
  const table = partOf(value, 'tableId')
  if (project === undefined || dataset === undefined || table === undefined) return undefined
  return { project, dataset, table }
}

function modelOf(value: JsonValue | undefined): ModelReference | undefined {
  const project = partOf(value, 'projectId')
  const dataset = partOf(value, 'datasetId')
  const model = partOf(value, 'modelId')
  if (project === undefined || dataset === undefined || model === undefined) return undefined
  return { project, dataset, model }
}

/** A text member of an object. */
export function partOf(value: JsonValue | undefined, name: string): string | undefined {
  const part = isJsonObject(value) ? value.get(name) : undefined
  return typeof part === 'string' ? part : undefined
}

function objectsOf(value: JsonValue | undefined): Read<readonly StorageObject[]> {
  const objects: StorageObject[] = []
  for (const uri of isJsonArray(value) ? value : []) {
    const given = typeof uri === 'string' ? uri : ''
    const [, bucket, key] = STORAGE_URI.exec(given) ?? []
    if (bucket === undefined || key === undefined) {
      const detail = `${quoted(given)} is no object of Cloud Storage`
      return refuseBigQuery('BQ-VALUE', detail)
    }
    objects.push({ bucket, key })
  }
  return ok(objects)
}
