// Which method of the BigQuery REST API v2 a request is: its verb, its path and the query parameters
// that the reference names for it. What is not in the table is not served.

import { percentDecode } from '../../sandbox/raw-head.ts'

const READ_PAGE = ['maxResults', 'pageToken', 'startIndex']
const FORMAT = ['formatOptions.useInt64Timestamp', 'formatOptions.timestampOutputFormat']

export type MethodId =
  | 'jobs.query'
  | 'jobs.insert'
  | 'jobs.getQueryResults'
  | 'jobs.get'
  | 'jobs.cancel'
  | 'tabledata.list'
  | 'datasets.list'
  | 'datasets.get'
  | 'tables.list'
  | 'tables.get'
  | 'routines.list'
  | 'routines.get'

export interface Method {
  readonly id: MethodId
  readonly verb: 'GET' | 'POST'
  readonly path: RegExp
  readonly query: ReadonlySet<string>
  /** Open to the scope `cloud-platform.read-only`, too. */
  readonly isRead: boolean
}

const ROOT = String.raw`^\/bigquery\/v2\/projects\/(?<project>[^/]+)`
const DATASET = String.raw`\/datasets\/(?<dataset>[^/]+)`

function method(
  id: MethodId,
  verb: 'GET' | 'POST',
  rest: string,
  query: readonly string[] = [],
  isRead = true,
): Method {
  return { id, verb, path: new RegExp(`${ROOT}${rest}$`), query: new Set(query), isRead }
}

const METHODS: readonly Method[] = [
  method('jobs.query', 'POST', '/queries'),
  method('jobs.insert', 'POST', '/jobs', [], false),
  method('jobs.getQueryResults', 'GET', '/queries/(?<job>[^/]+)', [
    'location',
    'timeoutMs',
    ...READ_PAGE,
    ...FORMAT,
  ]),
  method('jobs.get', 'GET', '/jobs/(?<job>[^/]+)', ['location', 'projection']),
  method('jobs.cancel', 'POST', '/jobs/(?<job>[^/]+)/cancel', ['location', 'projection'], false),
  method('tabledata.list', 'GET', `${DATASET}/tables/(?<table>[^/]+)/data`, [
    'selectedFields',
    ...READ_PAGE,
    ...FORMAT,
  ]),
  method('datasets.list', 'GET', '/datasets', ['all', 'filter', 'maxResults', 'pageToken']),
  method('datasets.get', 'GET', DATASET, ['datasetView', 'accessPolicyVersion']),
  method('tables.list', 'GET', `${DATASET}/tables`, ['maxResults', 'pageToken']),
  method('tables.get', 'GET', `${DATASET}/tables/(?<table>[^/]+)`, ['selectedFields', 'view']),
  method('routines.list', 'GET', `${DATASET}/routines`, [
    'filter',
    'maxResults',
    'pageToken',
    'readMask',
  ]),
  method('routines.get', 'GET', `${DATASET}/routines/(?<routine>[^/]+)`, ['readMask']),
]

export interface MethodCall {
  readonly method: Method
  /** `project`, `dataset`, `table`, `routine`, `job`: each of a form that such an id has. */
  readonly names: ReadonlyMap<string, string>
}

/** Undefined: no such method here. */
export function findMethod(verb: string, path: string): MethodCall | undefined {
  for (const candidate of METHODS) {
    const groups = candidate.verb === verb ? candidate.path.exec(path)?.groups : undefined
    if (groups === undefined) continue
    const names = new Map<string, string>()
    for (const [name, raw] of Object.entries(groups)) {
      const value = percentDecode(raw)
      if (value === undefined || !/^[\w.:-]{1,1024}$/.test(value)) return undefined
      names.set(name, value)
    }
    return { method: candidate, names }
  }
  return undefined
}
