// Who calls: the bearer of an access token that this sandbox issued, in the one header where it may
// stand (RFC 6750 §2.1). Anything else is 401, as Google answers it.

import { err, ok } from '../../util/result.ts'
import type { Result } from '../../util/result.ts'
import type { HeaderIndex } from '../sandbox/raw-head.ts'
import { single } from '../sandbox/raw-head.ts'
import type { AccessToken, AccessTokens } from './access-tokens.ts'
import { googleFault } from './fault.ts'
import type { GoogleFault } from './fault.ts'

export const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform'

const MISSING =
  'Request is missing required authentication credential. Expected OAuth 2 access token, login cookie or other valid authentication credential.'
const INVALID =
  'Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.'

export function authenticate(
  headers: HeaderIndex,
  tokens: AccessTokens,
): Result<AccessToken, GoogleFault> {
  const authorization = single(headers, 'authorization')
  if (authorization === undefined) return err(googleFault(401, 'required', MISSING))
  const token = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/.exec(authorization)?.[1]
  const issued = token === undefined ? undefined : tokens.find(token)
  return issued === undefined ? err(googleFault(401, 'authError', INVALID)) : ok(issued)
}

/** Any one of the scopes is enough. */
export function checkScopes(
  token: AccessToken,
  wanted: readonly string[],
  service: string,
): GoogleFault | undefined {
  if (wanted.some((scope) => token.scopes.has(scope))) return undefined
  return googleFault(
    403,
    'insufficientPermissions',
    'Request had insufficient authentication scopes.',
    { reason: 'ACCESS_TOKEN_SCOPE_INSUFFICIENT', domain: `${service}.googleapis.com` },
  )
}
