// An event becomes a line: contract §10, canonical JSON (RFC 8785), one record a line.
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
import type { AuditEvent, CredentialMark, DecisionEvent, OutcomeEvent } from './event.ts'

/** The version of the record format. */
export const RECORD_VERSION = 1

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

export interface SealedRecord {
  /** The line, newline included. */
  readonly line: string
  readonly hash: string
}

/** Throws TypeError for an event that holds anything but data, or an input that is no JSON object. */
export function prepareEvent(event: AuditEvent): PreparedRecord {
  switch (event.type) {
    case 'decision':
      return prepareDecision(event)
    case 'outcome':
      return prepareOutcome(event)
    default:
      return unknownEvent(event)
  }
}

/** Puts a prepared record into its place: `prev` is the hash of the record before it. */
export function sealRecord(record: PreparedRecord, seq: number, prev: string): SealedRecord {
  const rest = `${record.beforePrev}"prev":"${prev}",${record.beforeSeq}"seq":${seq},${record.afterSeq}}`
  const hash = recordHash(`{${record.beforeHash}${rest}`)
  return { line: `{${record.beforeHash}"hash":"${hash}",${rest}\n`, hash }
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
      `"bundles":${canonicalRecordJson(event.bundles)},` +
      (event.credential === undefined ? '' : `"credential":${credentialJson(event.credential)},`) +
      `"decision_id":${canonicalRecordString(event.decision_id)},"erased":[],` +
      (event.facts === undefined ? '' : `"facts":${spliced(event.facts)},`) +
      `"generation":${canonicalRecordJson(event.generation)},`,
    beforePrev:
      (event.input === undefined ? '' : `"input":${spliced(event.input)},`) +
      `"labels":${canonicalRecordJson(event.labels)},"masked":[],` +
      `"metrics":${canonicalRecordJson(event.metrics)},` +
      `"path":${canonicalRecordString(event.path)},`,
    beforeSeq:
      `"request":{"method":${canonicalRecordString(event.request.method)},` +
      `"path":${canonicalRecordString(event.request.path)}},` +
      `"result":${canonicalRecordJson(event.result)},`,
    afterSeq:
      (event.spiffe_id === undefined
        ? ''
        : `"spiffe_id":${canonicalRecordString(event.spiffe_id)},`) +
      `"timestamp":${canonicalRecordString(event.timestamp)},"type":"decision","version":${RECORD_VERSION}`,
  }
}

function prepareOutcome(event: OutcomeEvent): PreparedRecord {
  return {
    beforeHash:
      (event.code === undefined ? '' : `"code":${canonicalRecordString(event.code)},`) +
      `"decision_id":${canonicalRecordString(event.decision_id)},` +
      `"end":${canonicalRecordString(event.end)},"erased":[],`,
    beforePrev: `"masked":[],"metrics":${canonicalRecordJson(event.metrics)},`,
    beforeSeq: '',
    afterSeq:
      (event.status === undefined ? '' : `"status":${canonicalRecordJson(event.status)},`) +
      `"timestamp":${canonicalRecordString(event.timestamp)},"type":"outcome",` +
      (event.upstream === undefined ? '' : `"upstream":${canonicalRecordJson(event.upstream)},`) +
      `"version":${RECORD_VERSION}`,
  }
}

function credentialJson(mark: CredentialMark): string {
  return (
    `{"expires":${canonicalRecordString(mark.expires)},"kind":${canonicalRecordString(mark.kind)},` +
    `"name":${canonicalRecordString(mark.name)},"session":${canonicalRecordString(mark.session)}}`
  )
}

/** A line break inside would be a second line: an attacker's own record. */
function spliced(text: string): string {
  if (!text.startsWith('{') || !text.endsWith('}') || text.includes('\n')) {
    throw new TypeError('what is spliced into a record must be one line of canonical JSON')
  }
  return text
}

function unknownEvent(event: never): never {
  throw new TypeError(`no record is defined for this event: ${Object.keys(event).join(', ')}`)
}
