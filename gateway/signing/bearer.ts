// A bearer token (RFC 6750 §2.1) is its own proof, so where it goes is all that protects it: only to
// an upstream that the operator's routes name for its provider, and only beside headers that cannot
// name another authority.

import type { GcpCredential } from '../credential/credential.ts'
import { refusal, type CredentialCode, type Refusal } from '../errors.ts'
import type { HeaderLine } from '../request/message.ts'
import type { Provider, UpstreamTarget } from '../routing/route.ts'
import { err, ok, type Result } from '../util/result.ts'

/** RFC 6750 §2.1 `b64token`: what could end the header line, or start another parameter, is none. */
const B64_TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/

/** What a token is put on: a request or a look-up, without its proof of identity. */
export interface Bearing {
  readonly provider: Provider
  readonly upstream: UpstreamTarget
  readonly headers: readonly HeaderLine[]
}

export function bearerHeaders(
  { provider, upstream, headers }: Bearing,
  credential: GcpCredential,
): Result<readonly HeaderLine[], Refusal<CredentialCode>> {
  if (provider !== credential.provider) {
    return err(
      refusal('ERR_SG_CREDENTIAL_CONFIG', 'the credential is for another provider', 'SIGN-2'),
    )
  }
  const token = credential.accessToken.reveal()
  if (!B64_TOKEN.test(token)) {
    return err(refusal('ERR_SG_CREDENTIAL_UNAVAILABLE', 'no bearer token by its form', 'SIGN-12'))
  }
  return ok([['host', upstream.authority], ...headers, ['authorization', `Bearer ${token}`]])
}
