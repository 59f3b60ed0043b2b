// BigQuery: facts of one request, in the order of the questions: which method, on what, and for the
// two methods that begin a job, what the job would do.

import type { Refusal } from '../../../errors.ts'
import type { Route } from '../../../routing/route.ts'
import { ok, type Result } from '../../../util/result.ts'
import type { CatalogueEntry, Classifier } from '../../classifier.ts'
import type { Access, FactsFields, PayloadMode } from '../../facts.ts'
import type { RequestView } from '../../request-view.ts'
import { canonicalLocation } from './location.ts'
import { METHODS } from './method-index.ts'
import type { JobMethod } from './query-job.ts'
import { JOB_BODY_BYTES, readJob, type Job } from './read-job.ts'
import { queryValue } from './read-query.ts'
import { hasBody, isJobMethod, recognise, type Recognised } from './recognise.ts'
import { refuseBigQuery } from './refusal-rules.ts'
import { touchedByJob, type TouchedByJob } from './touched-by-job.ts'
import { touchedByPath } from './touched-by-path.ts'

const NOTHING_PENDING: readonly string[] = Object.freeze([])
/** The verbs whose parameters show more than a list of names. */
const LISTS_TEXTS = 'jobs.list'

function classifyBigQuery(route: Route, view: RequestView): Result<FactsFields, Refusal> {
  const recognised = recognise(view)
  if (!recognised.ok) return recognised
  const { method, names, location } = recognised.value
  const { name } = method.model
  if (isJobMethod(name)) return classifyJob(route, view, recognised.value, name)
  const touched = touchedByPath(method, names, accessOf(recognised.value, view), view.jobs)
  const fields = { ...touched, pending: NOTHING_PENDING, sql: undefined }
  const mode = hasBody(view) ? 'unsigned' : 'none'
  return ok(factsOf(route, recognised.value, fields, location, mode))
}

function classifyJob(
  route: Route,
  view: RequestView,
  recognised: Recognised,
  name: JobMethod,
): Result<FactsFields, Refusal> {
  if (view.headers.has('content-encoding')) {
    return refuseBigQuery('BQ-BODY', 'the body is compressed')
  }
  if (view.body === undefined) return refuseBigQuery('BQ-BODY', 'there is no body')
  const job = readJob(view.body, name)
  if (!job.ok) return job
  const place = placeOf(route, job.value)
  if (!place.ok) return place
  const project = recognised.names.projectId ?? ''
  const touched = touchedByJob(job.value, project, view.lookups?.dryRun)
  if (!touched.ok) return touched
  return ok(factsOf(route, recognised, touched.value, place.value, 'buffered'))
}

/** The job's own location, where the operator serves it. */
function placeOf(route: Route, { location }: Job): Result<string | undefined, Refusal> {
  const isServed = location === undefined || route.locations?.has(location.toLowerCase()) !== false
  if (isServed) return ok(location)
  return refuseBigQuery('BQ-LOCATION', `the location ${location} is not served`)
}

/**
 * The texts of others' queries, and what they ask for, are in a list of jobs that shows all users
 * or the whole of each job: then it is read, not merely listed.
 */
function accessOf({ method }: Recognised, { query }: RequestView): Access {
  if (method.model.name !== LISTS_TEXTS) return method.rule.access
  const isOfAll = queryValue(query, 'allUsers')?.toLowerCase() === 'true'
  return isOfAll || queryValue(query, 'projection') === 'full' ? 'read' : method.rule.access
}

function factsOf(
  route: Route,
  { method, names }: Recognised,
  { access, complete, pending, permissions, targets, sql }: TouchedByJob,
  location: string | undefined,
  payloadMode: PayloadMode,
): FactsFields {
  const action = method.model.name
  const byDefault = route.region === undefined ? undefined : canonicalLocation(route.region)
  return {
    service: route.service,
    action,
    operation: {
      provider: 'gcp',
      service: 'bigquery',
      name: `bigquery.${action}`,
      access,
      complete,
      pending,
      permissions,
    },
    targets,
    account: names.projectId,
    region: location ?? byDefault,
    payloadMode,
    sql,
  }
}

function inspectLimit(view: RequestView): number | undefined {
  if (view.method !== 'POST') return undefined
  const recognised = recognise(view)
  if (!recognised.ok) return undefined
  return isJobMethod(recognised.value.method.model.name) ? JOB_BODY_BYTES : undefined
}

function listCatalogue(): CatalogueEntry[] {
  return METHODS.map(({ model, rule }) => ({
    service: 'gcp_bigquery',
    action: model.name,
    name: `bigquery.${model.name}`,
    access: rule.access,
  }))
}

export const bigQueryClassifier: Classifier = {
  inspectLimit,
  classify: classifyBigQuery,
  catalogue: listCatalogue(),
}
