// The one list of codes. A code has neither a status nor a text here: both belong to `respond/`,
// which speaks the dialect of the SDK that asked (docs/REFUSALS.md).

export const SVID_CODES = [
  'ERR_SG_SVID_MISSING',
  'ERR_SG_SVID_MALFORMED',
  'ERR_SG_SVID_ID',
  'ERR_SG_SVID_EXPIRED',
  'ERR_SG_SVID_NOT_YET_VALID',
  'ERR_SG_SVID_USAGE',
  'ERR_SG_SVID_CHAIN',
  'ERR_SG_SVID_TRUST_DOMAIN',
  'ERR_SG_SVID_GRAMMAR',
  'ERR_SG_SVID_DENY_LISTED',
] as const

export const REQUEST_CODES = [
  'ERR_SG_REQUEST_MALFORMED',
  'ERR_SG_REQUEST_METHOD',
  'ERR_SG_REQUEST_TARGET',
  'ERR_SG_REQUEST_HEADERS',
  'ERR_SG_REQUEST_HEADERS_TOO_LARGE',
  'ERR_SG_REQUEST_FRAMING',
  'ERR_SG_REQUEST_LENGTH_REQUIRED',
  'ERR_SG_REQUEST_TOO_LARGE',
  'ERR_SG_REQUEST_TIMEOUT',
  'ERR_SG_REQUEST_EXPECT',
  'ERR_SG_REQUEST_VERSION',
  'ERR_SG_REQUEST_TRANSFER_CODING',
  'ERR_SG_REQUEST_UNSUPPORTED',
] as const

export const FACT_CODES = [
  'ERR_SG_ROUTE_UNKNOWN',
  'ERR_SG_REGION_REFUSED',
  'ERR_SG_OPERATION_UNKNOWN',
  'ERR_SG_OPERATION_AMBIGUOUS',
] as const

export const DECISION_CODES = [
  'ERR_SG_DENIED',
  'ERR_SG_POLICY_ERROR',
  'ERR_SG_OBLIGATION_UNSUPPORTED',
  'ERR_SG_OBLIGATION_MISSING',
] as const

export const AVAILABILITY_CODES = [
  'ERR_SG_POLICY_UNAVAILABLE',
  'ERR_SG_OVERLOADED',
  'ERR_SG_AUDIT_UNAVAILABLE',
] as const

export const OPERATION_CODES = ['ERR_SG_FROZEN', 'ERR_SG_LIMIT'] as const

export const CREDENTIAL_CODES = [
  'ERR_SG_CREDENTIAL_CONFIG',
  'ERR_SG_CREDENTIAL_UNAVAILABLE',
] as const

export const UPSTREAM_CODES = [
  'ERR_SG_UPSTREAM_REFUSED',
  'ERR_SG_UPSTREAM_UNREACHABLE',
  'ERR_SG_UPSTREAM_TIMEOUT',
  'ERR_SG_UPSTREAM_RESET',
  'ERR_SG_UPSTREAM_PROTOCOL',
] as const

/** Anything that nobody foresaw. It denies like every other code. */
export const INTERNAL_CODES = ['ERR_SG_INTERNAL'] as const

export type SvidCode = (typeof SVID_CODES)[number]
export type RequestCode = (typeof REQUEST_CODES)[number]
export type FactCode = (typeof FACT_CODES)[number]
export type DecisionCode = (typeof DECISION_CODES)[number]
export type CredentialCode = (typeof CREDENTIAL_CODES)[number]
export type UpstreamCode = (typeof UPSTREAM_CODES)[number]

export type Code =
  | SvidCode
  | RequestCode
  | FactCode
  | DecisionCode
  | (typeof AVAILABILITY_CODES)[number]
  | (typeof OPERATION_CODES)[number]
  | CredentialCode
  | UpstreamCode
  | (typeof INTERNAL_CODES)[number]

/**
 * An expected refusal as a value.
 * `detail` is for our own log and records; it never reaches the agent unless `respond/` says so.
 */
export interface Refusal<C extends Code = Code> {
  readonly code: C
  readonly detail: string
  /** The id of the rule that refused, where the rule has one (it also names its test). */
  readonly rule?: string
}

export function refusal<C extends Code>(code: C, detail: string, rule?: string): Refusal<C> {
  return rule === undefined ? { code, detail } : { code, detail, rule }
}

/** The thrown form, for what is exceptional: a peer failed, a file vanished. */
export class GatewayError extends Error {
  readonly code: Code
  readonly detail: string

  constructor(code: Code, detail: string, options?: { cause?: unknown }) {
    super(`${code}: ${detail}`, options)
    this.name = 'GatewayError'
    this.code = code
    this.detail = detail
  }

  toRefusal(): Refusal {
    return refusal(this.code, this.detail)
  }
}
