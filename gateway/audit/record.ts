// An event becomes a line (docs/OPERATIONS.md): canonical JSON (RFC 8785), one record a line.
//
// A record's place in the chain (`seq`, `prev`, `hash`) is known only when its batch is written, the
// rest as soon as the event happens. So a record is prepared in pieces around those three names, in
// the order in which canonical JSON wants them, and sealed by joining: no second serialisation, and
// the policy input's text, canonical already, is spliced in as it stands.
//
// Trusts: that `DecisionEvent.input` and `facts` are canonical JSON of our own making (policy/input.ts). CR, LF,
// escape sequences and quotes in any other field are text to JSON and stay inside their quotes.

import { hash as digest } from 'node:crypto'
import { canonicalRecordJson, canonicalRecordString } from './canonical.ts'
import type {
  AuditEvent,
  CredentialMark,
  DecisionEvent,
  DecisionMetrics,
  LookupEvent,
  LookupMark,
  OutcomeEvent,
  OutcomeMetrics,
} from './event.ts'

/** The version of the record format. */
export const RECORD_VERSION = 1

const NOT_SPLICED = 'what is spliced into a record must be one line of canonical JSON'

/** What the first record of the first file has as `prev`. */
export const NO_HASH = '0'.repeat(64)

/**
 * A record's members in canonical order, cut where the chain's own members belong. Each piece is
 * members with a comma behind every one, or empty; only the last has none at its end and is never
 * empty.
 */
export interface PreparedRecord {
  readonly beforeHash: string
  readonly beforePrev: string
  readonly beforeSeq: string
  readonly afterSeq: string
}

/** Throws TypeError for an event that holds anything but data, or an input that is no JSON object. */
export function prepareEvent(event: AuditEvent): PreparedRecord {
  switch (event.type) {
    case 'decision':
      return prepareDecision(event)
    case 'lookup':
      return prepareLookup(event)
    case 'outcome':
      return prepareOutcome(event)
    default:
      return unknownEvent(event)
  }
}

/** SHA-256 over the canonical record without its `hash`, lower-case hexadecimal. */
export function recordHash(unhashed: string): string {
  return digest('sha256', unhashed, 'hex')
}

/** About how much a prepared record weighs, in UTF-16 units. */
export function preparedSize(record: PreparedRecord): number {
  return (
    record.beforeHash.length +
    record.beforePrev.length +
    record.beforeSeq.length +
    record.afterSeq.length
  )
}

function prepareDecision(event: DecisionEvent): PreparedRecord {
  return {
    beforeHash:
      `"bundles":${bundlesJson(event.bundles)},` +
      (event.credential === undefined ? '' : `"credential":${credentialJson(event.credential)},`) +
      `"decision_id":${canonicalRecordString(event.decision_id)},"erased":[],` +
      (event.explanation === undefined ? '' : `"explanation":${oneLine(event.explanation)},`) +
      (event.facts === undefined ? '' : `"facts":${spliced(event.facts)},`) +
      `"generation":${numberJson(event.generation)},`,
    beforePrev:
      (event.input === undefined ? '' : `"input":${spliced(event.input)},`) +
      `"labels":${canonicalRecordJson(event.labels)},` +
      (event.lookups === undefined ? '' : `"lookups":${lookupsJson(event.lookups)},`) +
      `"masked":[],"metrics":${decisionMetricsJson(event.metrics)},` +
      `"path":${canonicalRecordString(event.path)},`,
    beforeSeq:
      `"request":{"method":${canonicalRecordString(event.request.method)},` +
      `"path":${canonicalRecordString(event.request.path)}},` +
      `"result":${resultJson(event.result)},`,
    afterSeq:
      (event.spiffe_id === undefined
        ? ''
        : `"spiffe_id":${canonicalRecordString(event.spiffe_id)},`) +
      `"timestamp":${canonicalRecordString(event.timestamp)},"type":"decision","version":${RECORD_VERSION}`,
  }
}

function prepareLookup(event: LookupEvent): PreparedRecord {
  const { bytes, method, path } = event.request
  return {
    beforeHash:
      `"credential":${credentialJson(event.credential)},` +
      `"decision_id":${canonicalRecordString(event.decision_id)},"erased":[],` +
      `"fact":${canonicalRecordString(event.fact)},"generation":${numberJson(event.generation)},`,
    beforePrev: '"masked":[],',
    beforeSeq:
      `"request":{"bytes":${numberJson(bytes)},"method":${canonicalRecordString(method)},` +
      `"path":${canonicalRecordString(path)}},`,
    afterSeq:
      `"spiffe_id":${canonicalRecordString(event.spiffe_id)},` +
      `"timestamp":${canonicalRecordString(event.timestamp)},"type":"lookup",` +
      `"upstream":{"host":${canonicalRecordString(event.upstream.host)}},"version":${RECORD_VERSION}`,
  }
}

function prepareOutcome(event: OutcomeEvent): PreparedRecord {
  return {
    beforeHash:
      (event.code === undefined ? '' : `"code":${canonicalRecordString(event.code)},`) +
      `"decision_id":${canonicalRecordString(event.decision_id)},` +
      `"end":${canonicalRecordString(event.end)},"erased":[],`,
    beforePrev: `"masked":[],"metrics":${outcomeMetricsJson(event.metrics)},`,
    beforeSeq: '',
    afterSeq:
      (event.status === undefined ? '' : `"status":${numberJson(event.status)},`) +
      `"timestamp":${canonicalRecordString(event.timestamp)},"type":"outcome",` +
      (event.upstream === undefined ? '' : `"upstream":${upstreamJson(event.upstream)},`) +
      `"version":${RECORD_VERSION}`,
  }
}

const bundleTexts = new WeakMap<DecisionEvent['bundles'], string>()

/** The same object for as long as a policy is active, so it is written once. */
function bundlesJson(bundles: DecisionEvent['bundles']): string {
  const known = bundleTexts.get(bundles)
  if (known !== undefined) return known
  const text = canonicalRecordJson(bundles)
  bundleTexts.set(bundles, text)
  return text
}

function resultJson(result: DecisionEvent['result']): string {
  const { allow, code, detail, obligations, reasons, rule } = result
  return (
    `{"allow":${allow ? 'true' : 'false'}` +
    (code === undefined ? '' : `,"code":${canonicalRecordString(code)}`) +
    (detail === undefined ? '' : `,"detail":${canonicalRecordString(detail)}`) +
    (obligations === undefined ? '' : `,"obligations":${textsJson(obligations)}`) +
    `,"reasons":${textsJson(reasons)}` +
    (rule === undefined ? '}' : `,"rule":${canonicalRecordString(rule)}}`)
  )
}

function upstreamJson(upstream: NonNullable<OutcomeEvent['upstream']>): string {
  return (
    `{"bytes_in":${numberJson(upstream.bytes_in)},"bytes_out":${numberJson(upstream.bytes_out)},` +
    `"host":${canonicalRecordString(upstream.host)}` +
    (upstream.request_id === undefined
      ? ''
      : `,"request_id":${canonicalRecordString(upstream.request_id)}`) +
    (upstream.status === undefined ? '}' : `,"status":${numberJson(upstream.status)}}`)
  )
}

function decisionMetricsJson({ gateway_us, policy_us }: DecisionMetrics): string {
  if (gateway_us === undefined || policy_us === undefined) {
    return canonicalRecordJson({ gateway_us, policy_us })
  }
  return `{"gateway_us":${numberJson(gateway_us)},"policy_us":${numberJson(policy_us)}}`
}

function outcomeMetricsJson({ upstream_us }: OutcomeMetrics): string {
  return upstream_us === undefined ? '{}' : `{"upstream_us":${numberJson(upstream_us)}}`
}

function lookupsJson(lookups: readonly LookupMark[]): string {
  return canonicalRecordJson(lookups)
}

function numberJson(value: number): string {
  return canonicalRecordJson(value)
}

function textsJson(texts: readonly string[]): string {
  const [only] = texts
  if (texts.length === 1 && only !== undefined) return `[${canonicalRecordString(only)}]`
  return canonicalRecordJson(texts)
}

const credentialTexts = new WeakMap<CredentialMark, string>()

/** The same object for as long as a credential lives. */
function credentialJson(mark: CredentialMark): string {
  const known = credentialTexts.get(mark)
  if (known !== undefined) return known
  const text =
    `{"expires":${canonicalRecordString(mark.expires)},"kind":${canonicalRecordString(mark.kind)},` +
    `"name":${canonicalRecordString(mark.name)},"session":${canonicalRecordString(mark.session)}}`
  credentialTexts.set(mark, text)
  return text
}

/** A line break inside would be a second line: an attacker's own record. */
function spliced(text: string): string {
  if (!text.startsWith('{') || !text.endsWith('}')) throw new TypeError(NOT_SPLICED)
  return oneLine(text)
}

function oneLine(text: string): string {
  if (text === '' || text.includes('\n')) throw new TypeError(NOT_SPLICED)
  return text
}

function unknownEvent(event: never): never {
  throw new TypeError(`no record is defined for this event: ${Object.keys(event).join(', ')}`)
}
