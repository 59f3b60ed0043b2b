// The policy input (docs/POLICY.md, version 1) as canonical JSON text: written once, judged by the
// engine and spliced into the decision record as the same bytes. Trusts facts, route and peer, whose
// makers have checked them; of the request it takes only what the lists below name, so that no
// credential, customer key, cookie, token or signature can enter a policy or a record.

import type { Facts, Operation, Permission, Target } from '../facts/facts.ts'
import { type Refusal, refusal, type RequestCode } from '../errors.ts'
import type { GatewayRequest, HeaderMap, QueryParameter } from '../request/gateway-request.ts'
import type { Route } from '../routing/route.ts'
import type { Peer } from '../spiffe/peer.ts'
import { err, ok, type Result } from '../util/result.ts'
import { isoText } from '../util/rfc3339.ts'
import {
  listsText,
  type NamedLists,
  LoneSurrogate,
  optionalMember,
  stringListText,
  stringText,
} from './input-text.ts'
import { sqlText } from './input-sql.ts'
import { nanoseconds, nowText, type Zones } from './input-time.ts'
import type { InputReads } from './input-reads.ts'
import { makePolicyInput, type PolicyInput, type PolicyInputFields } from './policy-input.ts'

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
  /** Undefined: the policy may refer to anything. */
  readonly reads: InputReads | undefined
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
    const { text, judged, factsText } = textsOf(parts, segments)
    return ok(makePolicyInput({ text, judged, factsText, nowNs: nanoseconds(parts.now) }))
  } catch (error) {
    if (!(error instanceof LoneSurrogate)) throw error
    return err(refusal('ERR_SG_REQUEST_MALFORMED', error.message))
  }
}

/** Members stand in the order of RFC 8785 throughout: sorted by name. */
function textsOf(
  parts: PolicyInputParts,
  segments: readonly string[],
): Pick<PolicyInputFields, 'text' | 'judged' | 'factsText'> {
  const { peer, facts, now, zones, reads } = parts
  const timestamp = isoText(now)
  const account = facts.account === undefined ? '' : `"account":${stringText(facts.account)},`
  const head = `{${account}"action":${stringText(facts.action)}`
  const who = peerTexts(peer)
  const candidates = `,"candidates":${candidatesText(parts.candidates)}`
  const time = `,"now":${nowText(now, timestamp, zones)}`
  const operation = `,"operation":${operationText(facts.operation)}`
  const region = optionalMember('region', facts.region)
  const request = `,"request":${requestText(parts, segments)}`
  const service = `,"service":${stringText(facts.service)}`
  const sql = facts.sql === undefined ? '' : `,"sql":${sqlText(facts.sql)}`
  const targets = `,"targets":${targetsText(facts.targets)}`
  const stamp = `,"timestamp":"${timestamp}"`
  const text =
    `${head}${who.agent}${candidates}${time}${operation}${region}${request}${who.role}${service}` +
    `${who.spiffeId}${sql}${who.svid}${targets}${who.tenant}${stamp}${who.trustDomain},"version":1}`
  const factsText = `${head}${operation}${region}${service}${sql}${targets}}`
  if (reads === undefined) return { text, judged: text, factsText }
  const judged =
    '{"version":1' +
    (reads.account ? optionalMember('account', facts.account) : '') +
    (reads.action ? `,"action":${stringText(facts.action)}` : '') +
    (reads.agent ? who.agent : '') +
    (reads.candidates ? candidates : '') +
    (reads.now ? time : '') +
    `,"operation":${operationPartText(facts.operation, reads.operation)}` +
    (reads.region ? region : '') +
    (reads.request ? request : '') +
    (reads.role ? who.role : '') +
    (reads.service ? service : '') +
    (reads.spiffeId ? who.spiffeId : '') +
    (reads.sql ? sql : '') +
    (reads.svid ? who.svid : '') +
    (reads.targets ? targets : '') +
    (reads.tenant ? who.tenant : '') +
    (reads.timestamp ? stamp : '') +
    (reads.trustDomain ? who.trustDomain : '') +
    '}'
  return { text, judged, factsText }
}

/** The members that are the peer's own, each with the comma before it. */
interface PeerTexts {
  readonly agent: string
  readonly role: string
  readonly spiffeId: string
  readonly svid: string
  readonly tenant: string
  readonly trustDomain: string
}

// Memos of pure functions: a peer makes many requests, and a binding serves many peers.
const peersTexts = new WeakMap<Peer, PeerTexts>()
const candidatesTexts = new WeakMap<readonly string[], string>()

function peerTexts(peer: Peer): PeerTexts {
  let texts = peersTexts.get(peer)
  if (texts === undefined) {
    texts = {
      agent: optionalMember('agent', peer.agent),
      role: optionalMember('role', peer.role),
      spiffeId: `,"spiffe_id":${stringText(peer.spiffeId)}`,
      svid: `,"svid":{"not_after":${stringText(peer.notAfter)},"serial":${stringText(peer.serial)},"sha256":${stringText(peer.sha256)}}`,
      tenant: optionalMember('tenant', peer.tenant),
      trustDomain: `,"trust_domain":${stringText(peer.trustDomain)}`,
    }
    peersTexts.set(peer, texts)
  }
  return texts
}

function candidatesText(candidates: readonly string[]): string {
  let text = candidatesTexts.get(candidates)
  if (text === undefined) {
    text = stringListText(candidates)
    candidatesTexts.set(candidates, text)
  }
  return text
}

function operationText(operation: Operation): string {
  return (
    `{"access":"${operation.access}","complete":${String(operation.complete)}` +
    `,"name":${stringText(operation.name)},"pending":${stringListText(operation.pending)}` +
    `,"permissions":[${permissionsText(operation.permissions)}],"provider":"${operation.provider}"` +
    `,"service":${stringText(operation.service)}}`
  )
}

function permissionsText(permissions: readonly Permission[]): string {
  let text = ''
  for (const { action, resource } of permissions) {
    const comma = text === '' ? '' : ','
    text += `${comma}{"action":${stringText(action)},"resource":${stringText(resource)}}`
  }
  return text
}

function operationPartText(operation: Operation, reads: InputReads['operation']): string {
  const members: string[] = []
  if (reads.access) members.push(`"access":"${operation.access}"`)
  if (reads.complete) members.push(`"complete":${String(operation.complete)}`)
  if (reads.name) members.push(`"name":${stringText(operation.name)}`)
  if (reads.pending) members.push(`"pending":${stringListText(operation.pending)}`)
  if (reads.permissions) members.push(`"permissions":[${permissionsText(operation.permissions)}]`)
  if (reads.provider) members.push(`"provider":"${operation.provider}"`)
  if (reads.service) members.push(`"service":${stringText(operation.service)}`)
  return `{${members.join(',')}}`
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
    optionalMember('dataset', target.dataset) +
    optionalMember('job', target.job) +
    optionalMember('key', target.key) +
    optionalMember('model', target.model) +
    `,"name":${stringText(target.name)}` +
    (target.own === undefined ? '' : `,"own":${String(target.own)}`) +
    `,"path":${stringText(target.path)}` +
    optionalMember('prefix', target.prefix) +
    optionalMember('project', target.project) +
    optionalMember('routine', target.routine) +
    optionalMember('table', target.table) +
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

function visibleHeaders(headers: HeaderMap): NamedLists {
  const visible: NamedLists = []
  for (const line of headers) if (HEADERS.has(line[0])) visible.push(line)
  return visible
}

/** A parameter without a value counts as an empty one. */
function visibleQuery(query: readonly QueryParameter[]): NamedLists {
  if (query.length === 0) return []
  const visible = new Map<string, string[]>()
  for (const { name, value = '' } of query) {
    if (!PARAMETERS.has(name)) continue
    const values = visible.get(name)
    if (values === undefined) visible.set(name, [value])
    else values.push(value)
  }
  return [...visible]
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
