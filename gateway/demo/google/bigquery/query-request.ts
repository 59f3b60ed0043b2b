// What a body of jobs.query or jobs.insert asks for, both read into one form. Strict where the real
// service is lenient: unknown fields are refused, and legacy SQL (the default where `useLegacySql`
// is absent) is not served.

import { err, ok } from '../../../util/result.ts'
import type { Result } from '../../../util/result.ts'
import { googleFault } from '../fault.ts'
import type { GoogleFault } from '../fault.ts'
import { integerIn, listIn, mapIn, misshape, textIn } from '../json-body.ts'
import type { Shape } from '../json-body.ts'
import type { Parameter } from '../sql/access.ts'
import type { TableName } from '../sql/access.ts'
import { SqlError } from '../sql/sql-error.ts'
import { parseValue, scalarType } from '../sql/values.ts'
import type { Value } from '../sql/values.ts'
import { isMap } from '../strict-json.ts'
import type { Json, JsonMap } from '../strict-json.ts'

export interface Destination {
  readonly table: TableName
  readonly write: 'WRITE_EMPTY' | 'WRITE_TRUNCATE' | 'WRITE_APPEND'
  readonly create: 'CREATE_IF_NEEDED' | 'CREATE_NEVER'
}

export interface QueryRequest {
  readonly text: string
  readonly isDryRun: boolean
  /** Undefined: the service chooses one. */
  readonly jobId: string | undefined
  readonly location: string | undefined
  readonly defaultDataset: string | undefined
  readonly destination: Destination | undefined
  /** Bytes. */
  readonly maximumBytesBilled: number | undefined
  readonly parameters: readonly Parameter[]
  readonly labels: Readonly<Record<string, unknown>> | undefined
  /** jobs.query: rows of the first page. */
  readonly maxResults: number | undefined
  readonly isJobOptional: boolean
}

const DATASET: Shape = { projectId: 'string', datasetId: 'string' }
const TABLE: Shape = { projectId: 'string', datasetId: 'string', tableId: 'string' }
const PARAMETER: Shape = {
  name: 'string',
  parameterType: { type: 'string', arrayType: { type: 'string' } },
  parameterValue: { value: 'value', arrayValues: [{ value: 'value' }] },
}
const COMMON = {
  query: 'string',
  useLegacySql: 'boolean',
  useQueryCache: 'boolean',
  defaultDataset: DATASET,
  maximumBytesBilled: 'int64',
  parameterMode: 'string',
  queryParameters: [PARAMETER],
} as const satisfies Shape
const QUERY_BODY: Shape = {
  ...COMMON,
  kind: 'string',
  dryRun: 'boolean',
  labels: 'labels',
  location: 'string',
  maxResults: 'int64',
  timeoutMs: 'int64',
  jobTimeoutMs: 'int64',
  requestId: 'string',
  jobCreationMode: 'string',
  formatOptions: { useInt64Timestamp: 'boolean', timestampOutputFormat: 'string' },
}
const INSERT_BODY: Shape = {
  kind: 'string',
  jobReference: { projectId: 'string', jobId: 'string', location: 'string' },
  configuration: {
    jobType: 'string',
    dryRun: 'boolean',
    labels: 'labels',
    jobTimeoutMs: 'int64',
    query: {
      ...COMMON,
      priority: 'string',
      destinationTable: TABLE,
      createDisposition: 'string',
      writeDisposition: 'string',
      allowLargeResults: 'boolean',
      flattenResults: 'boolean',
    },
  },
}

type Parsed = Result<QueryRequest, GoogleFault>

function invalid(message: string): Result<never, GoogleFault> {
  return err(googleFault(400, 'invalid', message))
}

/** What makes a query of one project, for both methods. */
function readQuery(
  query: JsonMap,
  project: string,
): Result<
  Pick<QueryRequest, 'text' | 'defaultDataset' | 'maximumBytesBilled' | 'parameters'>,
  GoogleFault
> {
  const text = textIn(query, 'query') ?? ''
  if (text === '') return invalid('Required parameter is missing: query')
  if (query.get('useLegacySql') !== false) {
    const message =
      'The sandbox does not serve legacy SQL, which is what useLegacySql means where it is true or absent'
    return err(googleFault(400, 'invalidQuery', message))
  }
  const dataset = mapIn(query, 'defaultDataset')
  if (dataset !== undefined && (textIn(dataset, 'projectId') ?? project) !== project) {
    return invalid('defaultDataset is in another project')
  }
  const maximumBytesBilled = integerIn(query, 'maximumBytesBilled')
  if (maximumBytesBilled !== undefined && maximumBytesBilled < 0) {
    return invalid('maximumBytesBilled must not be negative')
  }
  const parameters = readParameters(query)
  if (!parameters.ok) return parameters
  return ok({
    text,
    defaultDataset: textIn(dataset, 'datasetId'),
    maximumBytesBilled,
    parameters: parameters.value,
  })
}

/** Each is one of the service's own limits for its own form. */
function badForm(isBad: boolean, message: string): GoogleFault | undefined {
  return isBad ? googleFault(400, 'invalid', message) : undefined
}

export function parseQueryBody(body: JsonMap, project: string): Parsed {
  const problem = misshape(body, QUERY_BODY, '')
  if (problem !== undefined) return invalid(`Invalid JSON payload received: ${problem}`)
  const query = readQuery(body, project)
  if (!query.ok) return query
  const mode = textIn(body, 'jobCreationMode') ?? 'JOB_CREATION_REQUIRED'
  const wrong =
    badForm((textIn(body, 'requestId')?.length ?? 0) > 36, 'requestId is longer than 36') ??
    badForm(!/^JOB_CREATION_(?:REQUIRED|OPTIONAL)$/.test(mode), 'Invalid jobCreationMode') ??
    badForm((integerIn(body, 'maxResults') ?? 0) < 0, 'maxResults must not be negative')
  if (wrong !== undefined) return err(wrong)
  return ok({
    ...query.value,
    isDryRun: body.get('dryRun') === true,
    jobId: undefined,
    location: textIn(body, 'location'),
    destination: undefined,
    labels: labelsIn(body),
    maxResults: integerIn(body, 'maxResults'),
    isJobOptional: mode === 'JOB_CREATION_OPTIONAL',
  })
}

export function parseInsertBody(body: JsonMap, project: string): Parsed {
  const configuration = mapIn(body, 'configuration')
  const other = ['load', 'copy', 'extract'].find((kind) => configuration?.has(kind) === true)
  if (other !== undefined) {
    return err(googleFault(501, 'notImplemented', `The sandbox does not serve ${other} jobs`))
  }
  const problem = misshape(body, INSERT_BODY, '')
  if (problem !== undefined) return invalid(`Invalid JSON payload received: ${problem}`)
  const job = mapIn(configuration, 'query')
  if (job === undefined) return invalid('Required parameter is missing: configuration.query')
  const query = readQuery(job, project)
  if (!query.ok) return query
  const reference = mapIn(body, 'jobReference')
  const jobId = textIn(reference, 'jobId')
  const wrong =
    badForm(
      (textIn(reference, 'projectId') ?? project) !== project,
      'jobReference.projectId differs',
    ) ??
    badForm(
      jobId !== undefined && !/^[\w-]{1,1024}$/.test(jobId),
      `Invalid job ID "${jobId ?? ''}"`,
    )
  if (wrong !== undefined) return err(wrong)
  const destination = readDestination(job, project)
  if (!destination.ok) return destination
  return ok({
    ...query.value,
    isDryRun: configuration?.get('dryRun') === true,
    jobId,
    location: textIn(reference, 'location'),
    destination: destination.value,
    labels: labelsIn(configuration),
    maxResults: undefined,
    isJobOptional: false,
  })
}

function labelsIn(map: JsonMap | undefined): QueryRequest['labels'] {
  const labels = mapIn(map, 'labels')
  return labels === undefined ? undefined : Object.fromEntries(labels)
}

function readDestination(
  job: JsonMap,
  project: string,
): Result<Destination | undefined, GoogleFault> {
  const write = textIn(job, 'writeDisposition') ?? 'WRITE_EMPTY'
  const create = textIn(job, 'createDisposition') ?? 'CREATE_IF_NEEDED'
  if (write !== 'WRITE_EMPTY' && write !== 'WRITE_TRUNCATE' && write !== 'WRITE_APPEND') {
    return invalid(`Invalid writeDisposition: ${write}`)
  }
  if (create !== 'CREATE_IF_NEEDED' && create !== 'CREATE_NEVER') {
    return invalid(`Invalid createDisposition: ${create}`)
  }
  const reference = mapIn(job, 'destinationTable')
  if (reference === undefined) return ok(undefined)
  const dataset = textIn(reference, 'datasetId') ?? ''
  const table = textIn(reference, 'tableId') ?? ''
  if (dataset === '' || table === '') return invalid('destinationTable is incomplete')
  const name = { project: textIn(reference, 'projectId') ?? project, dataset, table }
  return ok({ table: name, write, create })
}

function readParameters(query: JsonMap): Result<readonly Parameter[], GoogleFault> {
  const mode = textIn(query, 'parameterMode')?.toUpperCase()
  const found: Parameter[] = []
  try {
    for (const item of listIn(query, 'queryParameters')) {
      const parameter = readParameter(item)
      if ((parameter.name === undefined) !== (mode === 'POSITIONAL')) {
        return invalid('parameterMode must be POSITIONAL, or NAMED with a name for each parameter')
      }
      if (parameter.name !== undefined && found.some(({ name }) => name === parameter.name)) {
        return invalid(`Duplicate query parameter ${parameter.name}`)
      }
      found.push(parameter)
    }
  } catch (error) {
    if (error instanceof SqlError) return invalid(error.message)
    throw error
  }
  return ok(found)
}

function readParameter(item: Json): Parameter {
  const map = isMap(item) ? item : undefined
  const declared = mapIn(map, 'parameterType')
  const kind = textIn(declared, 'type') ?? ''
  const isArray = kind === 'ARRAY'
  const typeName = isArray ? (textIn(mapIn(declared, 'arrayType'), 'type') ?? '') : kind
  const type = scalarType(typeName)
  if (type === undefined)
    throw new SqlError('invalid', `The sandbox does not serve ${typeName} parameters`)
  const read = (value: Json | undefined): Value => {
    const isAbsent = value === undefined || value === null || typeof value === 'object'
    return isAbsent ? null : parseValue(String(value), type)
  }
  const given = mapIn(map, 'parameterValue')
  const value = isArray
    ? listIn(given, 'arrayValues').map((element) =>
        read(isMap(element) ? element.get('value') : null),
      )
    : read(given?.get('value'))
  return { name: textIn(map, 'name'), type, value }
}
