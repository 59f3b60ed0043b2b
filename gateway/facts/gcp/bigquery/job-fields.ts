// The lists of fields that a job's body may have (REST reference: QueryRequest, Job, and what they
// hold). BigQuery adds fields all the time, some of which read other data or write somewhere
// (external table definitions, code in Cloud Storage, sessions); so a field that is not here refuses
// the body, and the refusal names it.

import type { JsonValue } from '../../../util/json.ts'
import { JsonNumber } from '../../../util/json.ts'
import { ok } from '../../../util/result.ts'
import {
  bool,
  int64,
  listOf,
  matching,
  objectOf,
  off,
  oneOf,
  positiveInt64,
  readFields,
  recordOf,
  refuseValue,
  shortText,
  longText,
  uint32,
  type FieldReader,
  type FieldResult,
  type Fields,
} from './body-fields.ts'
import { canonicalLocation } from './location.ts'
import { IS_NAME, type NameKind } from './names.ts'
import { refuseBigQuery } from './refusal-rules.ts'

/** BigQuery takes 10,000 query parameters, and 64 labels of 63 characters (quotas and limits). */
const MAX_PARAMETERS = 10_000
const MAX_LABELS = 64
const MAX_LABEL_LENGTH = 63
const MAX_MEMBERS = 10_000
/** A load takes 10,000 URIs, a copy 1,200 tables (quotas and limits). */
const MAX_URIS = 10_000
const MAX_TABLES = 1200
const REQUEST_ID = /^[\u0020-\u007e]{1,36}$/

function nameOf(kind: NameKind): FieldReader {
  return matching(IS_NAME[kind], `a ${kind}`)
}

function location(value: JsonValue, path: string): FieldResult {
  if (typeof value !== 'string') return refuseValue(path, 'a text')
  const known = canonicalLocation(value)
  return known === undefined ? refuseBigQuery('BQ-LOCATION', `${path} is no location`) : ok(known)
}

const DATASET = objectOf({ projectId: nameOf('projectId'), datasetId: nameOf('datasetId') })
const TABLE = objectOf({
  projectId: nameOf('projectId'),
  datasetId: nameOf('datasetId'),
  tableId: nameOf('tableId'),
})
const MODEL = objectOf({
  projectId: nameOf('projectId'),
  datasetId: nameOf('datasetId'),
  modelId: nameOf('modelId'),
})
const LABELS = recordOf(shortText(MAX_LABEL_LENGTH), MAX_LABELS)
const CREATE = oneOf('CREATE_IF_NEEDED', 'CREATE_NEVER')
const WRITE = oneOf('WRITE_TRUNCATE', 'WRITE_TRUNCATE_DATA', 'WRITE_APPEND', 'WRITE_EMPTY')

const STRUCT_FIELD: Fields = new Map<string, FieldReader>([
  ['name', shortText(1024)],
  ['description', shortText(1024)],
  ['type', parameterType],
])
const PARAMETER_TYPE: Fields = new Map<string, FieldReader>([
  ['type', shortText(64)],
  ['timestampPrecision', int64],
  ['arrayType', parameterType],
  ['rangeElementType', parameterType],
  ['structTypes', listOf((value, path) => readFields(value, path, STRUCT_FIELD), MAX_MEMBERS)],
])
const PARAMETER_VALUE: Fields = new Map<string, FieldReader>([
  ['value', scalar],
  ['arrayValues', listOf(parameterValue, MAX_MEMBERS)],
  ['structValues', recordOf(parameterValue, MAX_MEMBERS)],
  ['rangeValue', objectOf({ start: parameterValue, end: parameterValue })],
])

function parameterType(value: JsonValue, path: string): FieldResult {
  return readFields(value, path, PARAMETER_TYPE)
}

function parameterValue(value: JsonValue, path: string): FieldResult {
  return readFields(value, path, PARAMETER_VALUE)
}

/** A text by the reference; the client of Node sends numbers and booleans as they are. */
function scalar(value: JsonValue, path: string): FieldResult {
  const isScalar =
    typeof value === 'string' || typeof value === 'boolean' || value instanceof JsonNumber
  return isScalar ? ok(value) : refuseValue(path, 'a text, a number or a boolean')
}

const PARAMETERS = listOf(
  objectOf({
    name: shortText(1024),
    parameterType,
    parameterValue,
  }),
  MAX_PARAMETERS,
)

/** What both methods take of a query. */
const QUERY: Readonly<Record<string, FieldReader>> = {
  query: longText,
  useLegacySql: off('BQ-LEGACY'),
  useQueryCache: bool,
  defaultDataset: DATASET,
  queryParameters: PARAMETERS,
  parameterMode: oneOf('NAMED', 'POSITIONAL'),
  maximumBytesBilled: positiveInt64,
  createSession: off('BQ-FIELD'),
  continuous: off('BQ-FIELD'),
}

export const QUERY_REQUEST: Fields = new Map(
  Object.entries<FieldReader>({
    ...QUERY,
    dryRun: bool,
    labels: LABELS,
    location,
    jobTimeoutMs: int64,
    maxResults: uint32,
    timeoutMs: uint32,
    requestId: matching((id) => REQUEST_ID.test(id), 'a text of 36 visible characters at most'),
    jobCreationMode: oneOf('JOB_CREATION_REQUIRED', 'JOB_CREATION_OPTIONAL'),
    formatOptions: objectOf({
      useInt64Timestamp: bool,
      timestampOutputFormat: oneOf('FLOAT64', 'INT64', 'ISO8601_STRING'),
    }),
  }),
)

export const JOB_QUERY: Readonly<Record<string, FieldReader>> = {
  ...QUERY,
  priority: oneOf('INTERACTIVE', 'BATCH'),
  destinationTable: TABLE,
  createDisposition: CREATE,
  writeDisposition: WRITE,
}

export const JOB_LOAD: Readonly<Record<string, FieldReader>> = {
  destinationTable: TABLE,
  sourceUris: listOf(shortText(2048), MAX_URIS),
  sourceFormat: oneOf('CSV', 'NEWLINE_DELIMITED_JSON', 'AVRO', 'PARQUET', 'ORC'),
  createDisposition: CREATE,
  writeDisposition: WRITE,
  autodetect: bool,
  skipLeadingRows: int64,
  maxBadRecords: uint32,
  fieldDelimiter: shortText(16),
  quote: shortText(16),
  nullMarker: shortText(1024),
  encoding: shortText(16),
  allowJaggedRows: bool,
  allowQuotedNewlines: bool,
  ignoreUnknownValues: bool,
}

export const JOB_COPY: Readonly<Record<string, FieldReader>> = {
  sourceTable: TABLE,
  sourceTables: listOf(TABLE, MAX_TABLES),
  destinationTable: TABLE,
  createDisposition: CREATE,
  writeDisposition: WRITE,
  operationType: oneOf('COPY', 'SNAPSHOT', 'RESTORE', 'CLONE'),
}

export const JOB_EXTRACT: Readonly<Record<string, FieldReader>> = {
  sourceTable: TABLE,
  sourceModel: MODEL,
  destinationUri: shortText(2048),
  destinationUris: listOf(shortText(2048), MAX_URIS),
  destinationFormat: shortText(64),
  compression: shortText(16),
  fieldDelimiter: shortText(16),
  printHeader: bool,
  useAvroLogicalTypes: bool,
}

export const JOB_KINDS = ['query', 'load', 'copy', 'extract'] as const
export type JobKind = (typeof JOB_KINDS)[number]

export const JOB: Fields = new Map(
  Object.entries<FieldReader>({
    jobReference: objectOf({
      projectId: nameOf('projectId'),
      jobId: nameOf('jobId'),
      location,
    }),
    configuration: objectOf({
      query: objectOf(JOB_QUERY),
      load: objectOf(JOB_LOAD),
      copy: objectOf(JOB_COPY),
      extract: objectOf(JOB_EXTRACT),
      dryRun: bool,
      labels: LABELS,
      jobTimeoutMs: int64,
    }),
  }),
)
