// A BigQuery request as it is sent: every name decoded and encoded once more, the query without what
// says nothing, a handful of headers, and a job's body written anew from what was judged. Of the
// client's bytes only a body streams through that no facts depend on.

import { refusal, type Refusal } from '../../errors.ts'
import { canonicalLocation } from '../../facts/gcp/bigquery/location.ts'
import { IGNORED_GLOBALS } from '../../facts/gcp/bigquery/method-index.ts'
import { SERVICE_PATH } from '../../facts/gcp/bigquery/method-model.generated.ts'
import { readJob } from '../../facts/gcp/bigquery/read-job.ts'
import { readPath, type ReadPath } from '../../facts/gcp/bigquery/read-path.ts'
import { isJobMethod } from '../../facts/gcp/bigquery/recognise.ts'
import type { GatewayRequest, HeaderMap, QueryParameter } from '../../request/gateway-request.ts'
import type { Framing, HeaderLine } from '../../request/message.ts'
import { canonicalQueryString } from '../../signing/sigv4/canonical-query-string.ts'
import { encodeText } from '../../signing/sigv4/percent-encode.ts'
import { err, ok, type Result } from '../../util/result.ts'
import type { AllowedRequest } from '../allowed-request.ts'
import type { ShapedParts, ShapeOptions } from '../shaper.ts'
import { userAgentLine } from '../user-agent.ts'
import { writeJobBody } from './job-body.ts'
import { checkGoogleHeaders } from './set-headers.ts'

/**
 * What may stand beside what the gateway sets itself. Google reads identity, billing, method and
 * trace from headers of many names, so the list is of what passes.
 */
const PASSED_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'content-encoding',
  'if-match',
  'if-none-match',
  'x-goog-api-client',
])
/** Of a job's request: its answer is read for the job's id, and its body is ours. */
const OWN_OF_A_JOB: ReadonlySet<string> = new Set(['accept', 'accept-encoding', 'content-encoding'])
const JSON_TYPE: HeaderLine = ['content-type', 'application/json']
const NOTHING_SET: ReadonlyMap<string, string> = new Map()

export function shapeBigQuery(
  allowed: AllowedRequest,
  options: ShapeOptions,
): Result<ShapedParts, Refusal> {
  const { request, route, facts, decision } = allowed
  const { setHeaders = NOTHING_SET } = decision.obligations
  const found = readPath(request.method, route.path)
  if (!found.ok) return found
  const fault = obligationFault(allowed) ?? checkGoogleHeaders(setHeaders)
  if (fault !== undefined) return err(fault)
  const body = bodyOf(allowed, found.value, options)
  if (!body.ok) return body
  const isJob = body.value !== undefined
  const framing = framingOf(request, body.value)
  return ok({
    path: pathOf(found.value, options),
    query: queryOf(request.query),
    headers: headerLines(request.headers, setHeaders, framing, isJob),
    framing,
    payload: { mode: facts.payloadMode, contentSha256: undefined },
    body: body.value,
    sessionPolicy: undefined,
  })
}

/** Conditions that no BigQuery call can carry: ignored, they would be lost. */
function obligationFault({ facts, decision }: AllowedRequest): Refusal | undefined {
  const { sessionPolicy, maxBytesBilled } = decision.obligations
  if (sessionPolicy !== undefined) {
    const detail = 'session_policy: a Google credential has none'
    return refusal('ERR_SG_OBLIGATION_UNSUPPORTED', detail, 'SH-7')
  }
  if (maxBytesBilled !== undefined && !isJobMethod(facts.action)) {
    const detail = `max_bytes_billed: ${facts.action} bills no bytes of a query`
    return refusal('ERR_SG_OBLIGATION_UNSUPPORTED', detail, 'SH-5')
  }
  return undefined
}

function bodyOf(
  { request, facts, decision, body }: AllowedRequest,
  { names }: ReadPath,
  { jobs }: ShapeOptions,
): Result<Buffer | undefined, Refusal> {
  if (!isJobMethod(facts.action) || body === undefined) return ok(undefined)
  const job = readJob(body, facts.action)
  if (!job.ok) return job
  return writeJobBody(job.value, {
    project: names.projectId ?? '',
    requestId: request.id,
    maxBytesBilled: decision.obligations.maxBytesBilled,
    jobs,
  })
}

function framingOf({ framing }: GatewayRequest, body: Buffer | undefined): Framing {
  return body === undefined ? framing : { kind: 'sized', length: body.length }
}

/** The job is asked for by the id that BigQuery knows. */
function pathOf({ method, names }: ReadPath, { jobs }: ShapeOptions): string {
  const { projectId = '', jobId } = names
  let at = 0
  const path = method.model.path.replace(/\{\w+\}/g, () => {
    const kind = method.names[at]
    at += 1
    if (kind === 'jobId' && jobId !== undefined)
      return jobs?.resolve(projectId, jobId).jobId ?? jobId
    const name = kind === undefined ? '' : (names[kind] ?? '')
    // The colon of a domain's project stands as Google's own clients write it.
    return encodeText(name, false).replaceAll('%3A', ':')
  })
  return `${SERVICE_PATH}${path}`
}

function queryOf(query: readonly QueryParameter[]): string {
  const passed: QueryParameter[] = []
  for (const parameter of query) {
    const { name, value } = parameter
    if (IGNORED_GLOBALS.has(name)) continue
    const isLocation = name === 'location' && value !== undefined
    passed.push(isLocation ? { name, value: canonicalLocation(value) ?? value } : parameter)
  }
  return canonicalQueryString(passed)
}

function headerLines(
  client: HeaderMap,
  setHeaders: ReadonlyMap<string, string>,
  framing: Framing,
  isJob: boolean,
): readonly HeaderLine[] {
  const lines: HeaderLine[] = []
  for (const [name, values] of client) {
    if (!PASSED_HEADERS.has(name) || (isJob && OWN_OF_A_JOB.has(name))) continue
    for (const value of values) lines.push([name, value])
  }
  if (isJob) lines.push(['accept', 'application/json'], ['accept-encoding', 'identity'])
  const isEmpty = framing.kind === 'none' || (framing.kind === 'sized' && framing.length === 0)
  if (!isEmpty) lines.push(JSON_TYPE)
  for (const line of setHeaders) lines.push(line)
  lines.push(userAgentLine(client.get('user-agent')))
  return lines
}
