// What each error of Google's two token endpoints means for us: a mistake that asking again does not
// mend; a setting that may still be on its way; a passing state; or a token that was too old. Errors
// of STS are OAuth's (RFC 6749 §5.2, RFC 8693 §2.2.2), those of the Service Account Credentials API
// are google.rpc.Code. What is not in the tables is judged by its status.

import { refusal } from '../../errors.ts'
import type { CredentialRefusal } from '../credential.ts'
import { printable } from '../printable.ts'
import type { TokenError } from './answers.ts'

export type TokenVerdict = 'permanent' | 'settling' | 'transient' | 'stale-token'

/** Which of the two endpoints answered. */
export type TokenCall = 'sts' | 'impersonation'

const TRANSIENT: ReadonlySet<string> = new Set([
  'ABORTED',
  'DEADLINE_EXCEEDED',
  'INTERNAL',
  'RESOURCE_EXHAUSTED',
  // Of our own token, a moment old: it ends there, or the endpoint does not know it yet.
  'UNAUTHENTICATED',
  'UNAVAILABLE',
  'internal_failure',
  'server_error',
  'temporarily_unavailable',
])

/**
 * Edits of pools, providers and roles take up to about five minutes to reach every server
 * (github.com/google-github-actions/auth/blob/main/docs/TROUBLESHOOTING.md; IAM, "Access change
 * propagation"): these are what a set-up that is right, but young, is answered with.
 */
const SETTLING: ReadonlySet<string> = new Set([
  'FAILED_PRECONDITION',
  'NOT_FOUND',
  'PERMISSION_DENIED',
  'invalid_grant',
  'invalid_target',
  'unauthorized_client',
])

/** Of PERMISSION_DENIED, by google.rpc.ErrorInfo: what no waiting mends. */
const PERMANENT_REASONS: ReadonlySet<string> = new Set([
  'ACCESS_TOKEN_SCOPE_INSUFFICIENT',
  'CONSUMER_INVALID',
])

/**
 * One error code, `invalid_grant`, stands for three of these verdicts, and only its text tells them
 * apart: there is no other mark ("Error connecting to the given credential's issuer",
 * GoogleCloudPlatform/gcs-fuse-csi-driver#1471; "ID Token issued at … is stale to sign-in",
 * googleapis/google-cloud-go#12440). A text that changes costs a longer memory, nothing else.
 */
const ISSUER_NOT_REACHED = /connecting to the given credential's issuer/i
const STALE = /stale to sign-in/i

/** How to mend it, where that can be said in a line. */
const REMEDIES: Readonly<Record<TokenCall, ReadonlyMap<string, string>>> = {
  sts: new Map([
    [
      'invalid_target',
      'pool and provider must exist and be enabled; provider names the project by its number',
    ],
    [
      'invalid_grant',
      'the provider must have our issuer url, this audience among those it allows, and keys that it can fetch or that were uploaded; attribute mappings hold 127 bytes',
    ],
    [
      'unauthorized_client',
      'the attribute condition of the provider rejects the claims of this token',
    ],
    [
      'invalid_request',
      'a parameter is malformed, or a mapped attribute is longer than 127 bytes; subject: role is shorter',
    ],
    ['invalid_scope', 'scopes names one that does not exist'],
    ['PERMISSION_DENIED', 'the Security Token Service API must be enabled in the project'],
  ]),
  impersonation: new Map([
    [
      'PERMISSION_DENIED',
      'this principal needs roles/iam.workloadIdentityUser on the service account, and the Service Account Credentials API must be enabled',
    ],
    ['NOT_FOUND', 'the service account does not exist'],
    ['INVALID_ARGUMENT', 'a scope or the lifetime is not accepted'],
    [
      'FAILED_PRECONDITION',
      'the service account is disabled, or an organization policy forbids it',
    ],
  ]),
}

export function judgeTokenError(status: number, error: TokenError | undefined): TokenVerdict {
  if (error !== undefined) {
    if (error.name === 'invalid_grant') {
      if (STALE.test(error.message)) return 'stale-token'
      if (ISSUER_NOT_REACHED.test(error.message)) return 'transient'
    }
    if (TRANSIENT.has(error.name)) return 'transient'
    if (SETTLING.has(error.name)) {
      return PERMANENT_REASONS.has(error.reason ?? '') ? 'permanent' : 'settling'
    }
  }
  return status >= 500 || status === 429 ? 'transient' : 'permanent'
}

/** @param secrets are cut out of the text, should the endpoint have sent one back */
export function tokenRefusal(
  call: TokenCall,
  status: number,
  error: TokenError | undefined,
  verdict: TokenVerdict,
  secrets: readonly string[],
): CredentialRefusal {
  const isOurs = verdict === 'permanent' || verdict === 'settling'
  const code = isOurs ? 'ERR_SG_CREDENTIAL_CONFIG' : 'ERR_SG_CREDENTIAL_UNAVAILABLE'
  const who = call === 'sts' ? 'Google STS' : 'generateAccessToken'
  if (error === undefined) return refusal(code, `${who} answered ${status} without an error object`)
  const remedy = isOurs ? REMEDIES[call].get(error.name) : undefined
  const reason = error.reason === undefined ? '' : ` ${error.reason}`
  const said = `${who} answered ${status} ${error.name}${reason}: ${printable(error.message, ...secrets)}`
  const detail = remedy === undefined ? said : `${said} (${remedy})`
  const refused = refusal(code, detail, `GCP-${error.name}`)
  return verdict === 'settling' ? { ...refused, settling: true } : refused
}
