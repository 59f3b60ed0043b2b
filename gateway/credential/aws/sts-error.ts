// What each error of AssumeRoleWithWebIdentity means for us (STS API Reference, "Errors"): a
// mistake in the configuration, which asking again does not mend; a passing state; or a token that
// was too old. What is not in the table is judged by its status.

import { refusal, type CredentialCode, type Refusal } from '../../errors.ts'
import { printable } from '../printable.ts'
import type { StsError } from './sts-answer.ts'

export type StsVerdict = 'permanent' | 'transient' | 'expired-token'

const TRANSIENT: ReadonlySet<string> = new Set([
  'IDPCommunicationError',
  'InternalError',
  'InternalFailure',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestTimeout',
  'ServiceUnavailable',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
])

const EXPIRED_TOKEN: ReadonlySet<string> = new Set(['ExpiredTokenException', 'ExpiredToken'])

/** How to mend it, where that can be said in a line. */
const REMEDIES: ReadonlyMap<string, string> = new Map([
  [
    'AccessDenied',
    'the role must exist and its trust policy must allow sts:AssumeRoleWithWebIdentity to our issuer with this sub and aud',
  ],
  [
    'InvalidIdentityToken',
    'an IAM OIDC provider must exist for our issuer url and list our audience',
  ],
  ['IDPRejectedClaim', 'our issuer must be trusted by the IAM OIDC provider with these claims'],
  ['MalformedPolicyDocument', 'the session policy is not one that IAM accepts'],
  ['PackedPolicyTooLarge', 'the session policy is too large for STS: fewer statements'],
  ['RegionDisabledException', 'switch STS on in this region, or set another region'],
  [
    'ValidationError',
    'a parameter is out of range, such as a duration above the maximum of the role',
  ],
])

/**
 * AWS answers `InvalidIdentityToken` both for a bad token and when it could not fetch our keys just
 * now. Only the text tells them apart: there is no other mark (aws-cli #7194).
 */
const KEY_NOT_FETCHED = /retrieve verification key/i

export function judgeStsError(status: number, error: StsError | undefined): StsVerdict {
  if (error !== undefined) {
    if (EXPIRED_TOKEN.has(error.code)) return 'expired-token'
    if (TRANSIENT.has(error.code)) return 'transient'
    if (error.code === 'InvalidIdentityToken' && KEY_NOT_FETCHED.test(error.message)) {
      return 'transient'
    }
  }
  return status >= 500 || status === 429 ? 'transient' : 'permanent'
}

/** @param token is cut out of the text, should the endpoint have sent it back */
export function stsRefusal(
  status: number,
  error: StsError | undefined,
  verdict: StsVerdict,
  token: string,
): Refusal<CredentialCode> {
  const code =
    verdict === 'permanent' ? 'ERR_SG_CREDENTIAL_CONFIG' : 'ERR_SG_CREDENTIAL_UNAVAILABLE'
  if (error === undefined) return refusal(code, `STS answered ${status} without an error document`)
  const remedy = verdict === 'permanent' ? REMEDIES.get(error.code) : undefined
  const detail = `STS answered ${status} ${error.code}: ${printable(error.message, token)}`
  return refusal(code, remedy === undefined ? detail : `${detail} (${remedy})`, `STS-${error.code}`)
}
