// The bodies of query jobs that the strict BigQuery takes: a stated list of fields, each with the only
// values that are harmless (BigQuery API v2, `jobs.insert` and `jobs.query`). Whatever is not listed
// could name another table, run another dialect or write somewhere, and is refused.

export interface QueryJob {
  readonly sql: string
  readonly dryRun: boolean
  /** `projectId`, `datasetId` of names without a dataset. */
  readonly defaultDataset: unknown
}

type Check = (value: unknown) => boolean
type Fields = Readonly<Record<string, Check>>

const text: Check = (value) => typeof value === 'string'
const flag: Check = (value) => typeof value === 'boolean'
const integer: Check = (value) => /^\d{1,19}$/.test(String(value))
const anything: Check = () => true
const only =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value)

const QUERY: Fields = {
  query: text,
  useLegacySql: only(false),
  parameterMode: only('NAMED', 'POSITIONAL'),
  queryParameters: Array.isArray,
  defaultDataset: anything,
  maximumBytesBilled: integer,
  useQueryCache: flag,
}

const CONFIGURATION: Fields = {
  jobType: only('QUERY'),
  query: anything,
  dryRun: flag,
  labels: anything,
  jobTimeoutMs: integer,
}

const INSERT: Fields = {
  jobReference: anything,
  configuration: anything,
}

const REQUEST: Fields = {
  ...QUERY,
  kind: text,
  dryRun: flag,
  labels: anything,
  jobTimeoutMs: integer,
  location: text,
  maxResults: integer,
  timeoutMs: integer,
  requestId: text,
  formatOptions: anything,
  jobCreationMode: text,
}

const REFERENCE: Fields = { projectId: text, jobId: text, location: text }

/** @returns the job, or a text that says what is not in the list */
export function readJob(method: 'jobs.insert' | 'jobs.query', body: string): QueryJob | string {
  if (hasDuplicateKeys(body)) return 'a name occurs twice'
  const root = objectOf(JSON.parse(body))
  if (root === undefined) return 'the body is no object'
  if (method === 'jobs.query') return jobOf(root, REQUEST, root['dryRun'])
  const configuration = objectOf(root['configuration'])
  const query = objectOf(configuration?.['query'])
  if (configuration === undefined || query === undefined) return 'it is no query job'
  return (
    oddIn(root, INSERT) ??
    oddIn(configuration, CONFIGURATION) ??
    oddIn(objectOf(root['jobReference']) ?? {}, REFERENCE) ??
    jobOf(query, QUERY, configuration['dryRun'])
  )
}

function jobOf(query: Record<string, unknown>, fields: Fields, dryRun: unknown): QueryJob | string {
  const odd = oddIn(query, fields)
  if (odd !== undefined) return odd
  // The default of the REST API is the older dialect: it has to be said.
  if (query['useLegacySql'] !== false) return 'useLegacySql is not false'
  return {
    sql: String(query['query']),
    dryRun: dryRun === true,
    defaultDataset: query['defaultDataset'],
  }
}

function oddIn(value: Record<string, unknown>, fields: Fields): string | undefined {
  const odd = Object.entries(value).find(([name, entry]) => fields[name]?.(entry) !== true)
  return odd === undefined ? undefined : `${odd[0]}: ${JSON.stringify(odd[1])} is not in the list`
}

function objectOf(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return Object.fromEntries(Object.entries(value))
}

/** JSON.parse keeps the last of two; another reader may keep the first. */
function hasDuplicateKeys(body: string): boolean {
  const names = (json: string): number => json.match(/"(?:[^"\\]|\\.)*"\s*:/g)?.length ?? 0
  return names(body) !== names(JSON.stringify(JSON.parse(body)))
}
