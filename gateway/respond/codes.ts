// The one table of what each code looks like from outside (docs/REFUSALS.md): its kind, its HTTP
// status and the text that the agent reads. `docs/REFUSALS.md` is generated from it. How a kind is
// spelt in each SDK's dialect stands in `dialects.ts`.

import type { Code } from '../errors.ts'

/**
 * What an SDK should make of a refusal. The kind chooses the error code in the SDK's own
 * vocabulary, and that code together with the status decides whether the SDK tries again.
 */
export type RefusalKind =
  | 'denied'
  | 'bad-request'
  | 'method'
  | 'length-required'
  | 'too-large'
  | 'headers-too-large'
  | 'timeout'
  | 'expectation'
  | 'unsupported'
  | 'version'
  | 'throttled'
  | 'overloaded'
  | 'unavailable'
  | 'internal'
  | 'bad-gateway'
  | 'gateway-timeout'

export interface CodeEntry {
  readonly kind: RefusalKind
  /** True: the connection ends after the answer, because its state cannot be trusted any more. */
  readonly closes: boolean
  /**
   * `code`: the agent learns the code and the decision id, nothing else: whoever it is has lost
   * (or never proved) the identity that would entitle it to an explanation.
   */
  readonly tells: 'all' | 'code'
  /** One sentence for the agent, without a full stop. Never policy text, never an inner error. */
  readonly text: string
}

const svid = (text: string): CodeEntry => ({ kind: 'denied', closes: true, tells: 'code', text })
const request = (kind: RefusalKind, text: string): CodeEntry => ({
  kind,
  closes: true,
  tells: 'all',
  text,
})
const later = (kind: RefusalKind, text: string): CodeEntry => ({
  kind,
  closes: false,
  tells: 'all',
  text,
})
const denied = (text: string): CodeEntry => later('denied', text)

export const CODES: Readonly<Record<Code, CodeEntry>> = Object.freeze({
  ERR_SG_SVID_MISSING: svid(
    'The client presented no certificate, or no JWT-SVID where one is asked for',
  ),
  ERR_SG_SVID_MALFORMED: svid('The client certificate is not a well-formed X.509-SVID'),
  ERR_SG_SVID_ID: svid('The client certificate holds no valid SPIFFE ID'),
  ERR_SG_SVID_EXPIRED: svid('The SVID, its chain or its trust bundle has expired'),
  ERR_SG_SVID_NOT_YET_VALID: svid('The SVID is not valid yet'),
  ERR_SG_SVID_USAGE: svid('The certificate may not be used as a client SVID'),
  ERR_SG_SVID_CHAIN: svid('The SVID does not chain to the bundle of its own trust domain'),
  ERR_SG_SVID_TRUST_DOMAIN: svid('The trust domain of the SVID is not known here'),
  ERR_SG_SVID_GRAMMAR: svid('The path of the SPIFFE ID does not fit the configured grammar'),
  ERR_SG_SVID_DENY_LISTED: svid('The SPIFFE ID or the serial is on the deny list'),

  ERR_SG_REQUEST_MALFORMED: request('bad-request', 'The message is not well-formed HTTP/1.1'),
  ERR_SG_REQUEST_METHOD: request('method', 'The method is not accepted'),
  ERR_SG_REQUEST_TARGET: request('bad-request', 'The request target has no single reading'),
  ERR_SG_REQUEST_HEADERS: request('bad-request', 'A header line is malformed or contradictory'),
  ERR_SG_REQUEST_HEADERS_TOO_LARGE: request(
    'headers-too-large',
    'The header lines exceed the limit',
  ),
  ERR_SG_REQUEST_FRAMING: request('bad-request', 'The length of the body has no single reading'),
  ERR_SG_REQUEST_LENGTH_REQUIRED: request(
    'length-required',
    'The request needs a Content-Length header',
  ),
  ERR_SG_REQUEST_TOO_LARGE: request('too-large', 'The body exceeds the limit'),
  ERR_SG_REQUEST_TIMEOUT: request('timeout', 'The request did not arrive in time'),
  ERR_SG_REQUEST_EXPECT: request('expectation', 'Only "Expect: 100-continue" is accepted'),
  ERR_SG_REQUEST_VERSION: request('version', 'Only HTTP/1.1 is accepted'),
  ERR_SG_REQUEST_TRANSFER_CODING: request(
    'unsupported',
    'Only "Transfer-Encoding: chunked" is accepted',
  ),
  ERR_SG_REQUEST_UNSUPPORTED: request('unsupported', 'The request uses what is not supported here'),

  ERR_SG_ROUTE_UNKNOWN: denied('No route leads from this host and path to a cloud service'),
  ERR_SG_REGION_REFUSED: denied('The region is unknown or not allowed for this service'),
  ERR_SG_OPERATION_UNKNOWN: denied('The operation is not known'),
  ERR_SG_OPERATION_AMBIGUOUS: denied('The request can be read as more than one operation'),

  ERR_SG_DENIED: denied('The policy does not allow this request'),
  ERR_SG_POLICY_ERROR: denied('The policy gave no usable answer'),
  ERR_SG_OBLIGATION_UNSUPPORTED: denied(
    'The policy allows this only under a condition that cannot be met',
  ),
  ERR_SG_OBLIGATION_MISSING: denied('The policy allows this without a condition that must be set'),

  ERR_SG_POLICY_UNAVAILABLE: later('unavailable', 'No policy can be evaluated now'),
  ERR_SG_OVERLOADED: later('overloaded', 'The gateway is overloaded'),
  ERR_SG_AUDIT_UNAVAILABLE: later('unavailable', 'The decision cannot be recorded now'),

  ERR_SG_FROZEN: denied('This subject or service is frozen'),
  ERR_SG_LIMIT: later('throttled', 'A limit of this identity is reached'),

  ERR_SG_CREDENTIAL_CONFIG: denied('No credential is configured that the cloud accepts for this'),
  ERR_SG_CREDENTIAL_UNAVAILABLE: later('unavailable', 'The credential cannot be obtained now'),

  ERR_SG_UPSTREAM_REFUSED: later('bad-gateway', 'The gateway may not connect to the cloud service'),
  ERR_SG_UPSTREAM_UNREACHABLE: later('bad-gateway', 'The cloud service cannot be reached'),
  ERR_SG_UPSTREAM_TIMEOUT: later('gateway-timeout', 'The cloud service did not answer in time'),
  ERR_SG_UPSTREAM_RESET: later('bad-gateway', 'The cloud service cut the connection'),
  ERR_SG_UPSTREAM_PROTOCOL: later('bad-gateway', 'The cloud service broke the protocol'),

  ERR_SG_INTERNAL: later('internal', 'The gateway failed and denied the request'),
})
