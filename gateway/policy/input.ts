// The policy input (contract §5, version 1) as canonical JSON text: written once, judged by the
// engine and spliced into the decision record as the same bytes. Trusts facts, route and peer, whose
// makers have checked them; of the request it takes only what the lists below name, so that no
// credential, customer key, cookie, token or signature can enter a policy or a record.

import type { Facts, Operation, Target } from '../facts/facts.ts'
import { type Refusal, refusal, type RequestCode } from '../errors.ts'
import type { GatewayRequest, HeaderMap, QueryParameter } from '../request/gateway-request.ts'
import type { Route } from '../routing/route.ts'
import type { Peer } from '../spiffe/peer.ts'
import { err, ok, type Result } from '../util/result.ts'
import {
  listsText,
  LoneSurrogate,
  optionalMember,
  stringListText,
  stringText,
} from './input-text.ts'
import { nanoseconds, nowText, type Zones } from './input-time.ts'
import { makePolicyInput, type PolicyInput } from './policy-input.ts'

export interface PolicyInputParts {
  readonly peer: Peer
  readonly facts: Facts
  readonly request: GatewayRequest
  readonly route: Route
  /** ms since the epoch, an integer */
  readonly now: number
  /** Names of the credentials that bindings offer, in order. */
  readonly candidates: readonly string[]
  readonly zones: Zones
}

/**
 * Headers that policy may see: what they say changes what is done or how. No Authorization, no
 * Cookie, no x-amz-security-token, no SSE-C key (x-amz-*-customer-*), no MFA code.
 */
const HEADERS: ReadonlySet<string> = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-unmodified-since',
  'range',
  'x-amz-acl',
  'x-amz-bypass-governance-retention',
  'x-amz-content-sha256',
  'x-amz-decoded-content-length',
  'x-amz-expected-bucket-owner',
  'x-amz-grant-full-control',
  'x-amz-grant-read',
  'x-amz-grant-read-acp',
  'x-amz-grant-write',
  'x-amz-grant-write-acp',
  'x-amz-metadata-directive',
  'x-amz-object-lock-legal-hold',
  'x-amz-object-lock-mode',
  'x-amz-object-lock-retain-until-date',
  'x-amz-request-payer',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-server-side-encryption-bucket-key-enabled',
  'x-amz-source-expected-bucket-owner',
  'x-amz-storage-class',
  'x-amz-tagging',
  'x-amz-tagging-directive',
  'x-amz-target',
  'x-amz-website-redirect-location',
  'x-goog-user-project',
])

/** Query parameters that policy may see. No signature, no token, no upload id, no SAS. */
const PARAMETERS: ReadonlySet<string> = new Set([
  'acl',
  'alt',
  'delete',
  'delimiter',
  'encoding-type',
  'fetch-owner',
  'fields',
  'list-type',
  'location',
  'marker',
  'max-keys',
  'maxResults',
  'partNumber',
  'prefix',
  'prettyPrint',
  'start-after',
  'tagging',
  'uploads',
  'versionId',
  'versioning',
  'x-id',
])

export function buildPolicyInput(
  parts: PolicyInputParts,
): Result<PolicyInput, Refusal<RequestCode>> {
  if (!Number.isSafeInteger(parts.now)) throw new TypeError('now must be whole milliseconds')
  const segments = pathSegments(parts.route.path)
  if (segments === undefined) {
    return err(refusal('ERR_SG_REQUEST_TARGET', 'the path is not percent-encoded UTF-8'))
  }
  try {
    const { text, factsText } = documentText(parts, segments)
    return ok(makePolicyInput(text, nanoseconds(parts.now), factsText))
  } catch (error) {
    if (!(error instanceof LoneSurrogate)) throw error
    return err(refusal('ERR_SG_REQUEST_MALFORMED', error.message))
  }
}

/** Members stand in the order of RFC 8785 throughout: sorted by name. */
function documentText(
  parts: PolicyInputParts,
  segments: readonly string[],
): { readonly text: string; readonly factsText: string } {
  const { peer, facts, now, zones } = parts
  const timestamp = new Date(now).toISOString()
  const account = facts.account === undefined ? '' : `"account":${stringText(facts.account)},`
  const action = `{${account}"action":${stringText(facts.action)}`
  const operation = `,"operation":${operationText(facts.operation)}`
  const region = optionalMember('region', facts.region)
  const service = `,"service":${stringText(facts.service)}`
  const targets = `,"targets":${targetsText(facts.targets)}`
  const text =
    action +
    optionalMember('agent', peer.agent) +
    `,"candidates":${stringListText(parts.candidates)}` +
    `,"now":${nowText(now, timestamp, zones)}` +
    operation +
    region +
    `,"request":${requestText(parts, segments)}` +
    optionalMember('role', peer.role) +
    service +
    `,"spiffe_id":${stringText(peer.spiffeId)}` +
    `,"svid":{"not_after":${stringText(peer.notAfter)},"serial":${stringText(peer.serial)},"sha256":${stringText(peer.sha256)}}` +
    targets +
    optionalMember('tenant', peer.tenant) +
    `,"timestamp":"${timestamp}"` +
    `,"trust_domain":${stringText(peer.trustDomain)}` +
    ',"version":1}'
  return { text, factsText: `${action}${operation}${region}${service}${targets}}` }
}

function operationText(operation: Operation): string {
  const permissions = operation.permissions.map(
    ({ action, resource }) => `{"action":${stringText(action)},"resource":${stringText(resource)}}`,
  )
  return (
    `{"access":"${operation.access}","complete":${String(operation.complete)}` +
    `,"name":${stringText(operation.name)},"pending":${stringListText(operation.pending)}` +
    `,"permissions":[${permissions.join(',')}],"provider":"${operation.provider}"` +
    `,"service":${stringText(operation.service)}}`
  )
}

function targetsText(targets: readonly Target[]): string {
  const only = targets[0]
  if (targets.length === 1 && only !== undefined) return `[${targetText(only)}]`
  return `[${targets.map(targetText).join(',')}]`
}

function targetText(target: Target): string {
  return (
    `{"access":"${target.access}"` +
    optionalMember('bucket', target.bucket) +
    `,"container":${stringText(target.container)}` +
    optionalMember('key', target.key) +
    `,"name":${stringText(target.name)},"path":${stringText(target.path)}` +
    optionalMember('prefix', target.prefix) +
    `,"type":"${target.type}"` +
    optionalMember('version', target.version) +
    '}'
  )
}

function requestText(
  { request, route, facts }: PolicyInputParts,
  segments: readonly string[],
): string {
  const { framing } = request
  const length = framing.kind === 'sized' ? framing.length : 0
  const contentLength = framing.kind === 'chunked' ? '' : `"content_length":${String(length)},`
  return (
    `{${contentLength}"headers":${listsText(visibleHeaders(request.headers))}` +
    `,"id":${stringText(request.id)},"method":"${request.method}"` +
    `,"path":${stringText(route.path)},"path_segments":${stringListText(segments)}` +
    `,"payload_mode":"${facts.payloadMode}","query":${listsText(visibleQuery(request.query))}` +
    ',"upgrade":false}'
  )
}

function visibleHeaders(headers: HeaderMap): ReadonlyMap<string, readonly string[]> {
  const visible = new Map<string, readonly string[]>()
  for (const [name, values] of headers) if (HEADERS.has(name)) visible.set(name, values)
  return visible
}

/** A parameter without a value counts as an empty one. */
function visibleQuery(query: readonly QueryParameter[]): ReadonlyMap<string, readonly string[]> {
  const visible = new Map<string, string[]>()
  for (const { name, value = '' } of query) {
    if (!PARAMETERS.has(name)) continue
    const values = visible.get(name)
    if (values === undefined) visible.set(name, [value])
    else values.push(value)
  }
  return visible
}

const RAW_BYTES = /[\u0080-\uffff]/

/** Split at `/` first, then decoded once; undefined for what is not percent-encoded UTF-8. */
function pathSegments(path: string): readonly string[] | undefined {
  if (path === '/') return []
  const segments = path.slice(1).split('/')
  if (RAW_BYTES.test(path)) return undefined
  if (!path.includes('%')) return segments
  try {
    return segments.map(decodeURIComponent)
  } catch {
    return undefined
  }
}
