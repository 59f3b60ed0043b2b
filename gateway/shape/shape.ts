// Station 6: obligations applied, one canonical spelling. The only maker of ShapedRequest. What was
// judged must be what is sent, so the facts are derived again from the shaped request's own text
// and must be equal: an encoder that disagrees with the decoder, or an obligation that changes the
// meaning, ends here.

import { refusal, type Refusal } from '../errors.ts'
import { classify } from '../facts/classify.ts'
import { sameFacts } from '../facts/facts.ts'
import type { JobOwnership } from '../facts/job-ownership.ts'
import { parseTarget } from '../request/target.ts'
import type { Route } from '../routing/route.ts'
import { err, ok, type Result } from '../util/result.ts'
import type { AllowedRequest } from './allowed-request.ts'
import { shapeS3 } from './aws/s3.ts'
import { shapeBigQuery } from './gcp/bigquery.ts'
import { makeShapedRequest, type ShapedRequest } from './shaped-request.ts'
import type { ShapedParts, ShapeOptions, Shaper } from './shaper.ts'

/** By `Route.service`. A new service is a line here. */
const SHAPERS: ReadonlyMap<string, Shaper> = new Map([
  ['aws_s3', shapeS3],
  ['gcp_bigquery', shapeBigQuery],
])

/** The request limit was judged on the client's spelling; ours may be three times as long. */
const MAX_TARGET_BYTES = 64 * 1024

export function shape(
  allowed: AllowedRequest,
  options: ShapeOptions,
): Result<ShapedRequest, Refusal> {
  const { request, route } = allowed
  const shaper = SHAPERS.get(route.service)
  if (shaper === undefined) {
    const detail = `no request of ${route.service} can be shaped`
    return err(refusal('ERR_SG_OPERATION_UNKNOWN', detail, 'SH-10'))
  }
  const parts = shaper(allowed, options)
  if (!parts.ok) return parts
  const fault = factsFault(allowed, route, parts.value, options.jobs)
  if (fault !== undefined) return err(fault)
  const { path, query, headers, framing, payload, body, sessionPolicy } = parts.value
  return ok(
    makeShapedRequest({
      allowed,
      upstream: route.upstream,
      method: request.method,
      path,
      query,
      headers,
      framing,
      payload,
      body,
      sessionPolicy,
    }),
  )
}

/** Undefined: the shaped request means what was judged. */
function factsFault(
  { request, facts, decision }: AllowedRequest,
  route: Route,
  { path, query, headers, framing, payload, body }: ShapedParts,
  jobs: JobOwnership | undefined,
): Refusal | undefined {
  const target = parseTarget(query === '' ? path : `${path}?${query}`, MAX_TARGET_BYTES)
  if (!target.ok) return refusal('ERR_SG_INTERNAL', target.error.detail, 'SH-11')
  const map = new Map<string, string[]>()
  for (const [name, value] of headers) {
    const values = map.get(name)
    if (values === undefined) map.set(name, [value])
    else values.push(value)
  }
  if (payload.contentSha256 !== undefined) map.set('x-amz-content-sha256', [payload.contentSha256])
  const again = classify(route, {
    method: request.method,
    path: target.value.path,
    bucket: undefined,
    query: target.value.query,
    headers: map,
    framing,
    body,
    jobs,
    lookups: { dryRun: facts.sql?.dryRun },
  })
  if (again.ok && sameFacts(again.value, facts)) return undefined
  const detail = again.ok ? 'the facts differ' : again.error.detail
  // Without an obligation that could have changed it, the fault is ours.
  const { setHeaders, maxBytesBilled } = decision.obligations
  const isObliged = setHeaders !== undefined || maxBytesBilled !== undefined
  const code = isObliged ? 'ERR_SG_OBLIGATION_UNSUPPORTED' : 'ERR_SG_INTERNAL'
  return refusal(code, `after shaping: ${detail}`, 'SH-12')
}
