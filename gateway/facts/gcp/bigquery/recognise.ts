// Which method a request is, on what: exactly one, or a refusal.

import { ok, type Result } from '../../../util/result.ts'
import type { RequestView } from '../../request-view.ts'
import { canonicalLocation } from './location.ts'
import { JOB_METHODS } from './method-rules.ts'
import { checkQuery, queryValue } from './read-query.ts'
import { readPath, type ReadPath } from './read-path.ts'
import { refuseBigQuery, type BigQueryRefusal } from './refusal-rules.ts'

export interface Recognised extends ReadPath {
  /** Of the query, in one spelling. */
  readonly location: string | undefined
}

export function recognise(view: RequestView): Result<Recognised, BigQueryRefusal> {
  const found = readPath(view.method, view.path)
  if (!found.ok) return found
  const { method, names } = found.value
  const query = checkQuery(method, view.query)
  if (!query.ok) return query
  const named = queryValue(view.query, 'location')
  const location = named === undefined ? undefined : canonicalLocation(named)
  if (named !== undefined && location === undefined) {
    return refuseBigQuery('BQ-LOCATION', 'the parameter location names none')
  }
  if (hasBody(view) && !method.model.body) {
    return refuseBigQuery('BQ-BODY-UNEXPECTED', `${method.model.name} with a body`)
  }
  return ok({ method, names, location })
}

export function hasBody({ framing }: RequestView): boolean {
  return framing.kind === 'chunked' || (framing.kind === 'sized' && framing.length > 0)
}

export function isJobMethod(name: string): name is 'jobs.query' | 'jobs.insert' {
  return JOB_METHODS.has(name)
}
