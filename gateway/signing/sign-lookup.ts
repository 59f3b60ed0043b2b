// Turns a look-up and a live credential into what can be sent. The same care as for a request
// (`sign.ts`): the decided credential and no other, alive, for this provider or host. Refusals carry
// the ids of the same rules.

import type { Credential } from '../credential/credential.ts'
import { refusal, type CredentialCode, type Refusal, type UpstreamCode } from '../errors.ts'
import type { HeaderLine } from '../request/message.ts'
import type { Lookup } from '../shape/lookup.ts'
import { err, ok, type Result } from '../util/result.ts'
import { bearerHeaders } from './bearer.ts'
import { checkShaped } from './check-shaped.ts'
import { makeSignedLookup, type SignedLookup } from './signed-lookup.ts'

type LookupRefusal = Refusal<CredentialCode | UpstreamCode>

/** @param now ms since the Unix epoch */
export function signLookup(
  lookup: Lookup,
  credential: Credential,
  now: number,
): Result<SignedLookup, LookupRefusal> {
  if (credential.name !== lookup.credential) {
    return config('not the credential that was decided', 'SIGN-1')
  }
  if (!(now < credential.expiresAt)) {
    const detail = 'the credential has expired'
    return err(refusal('ERR_SG_CREDENTIAL_UNAVAILABLE', detail, 'SIGN-3'))
  }
  const unfit = checkShaped({ path: lookup.path, query: '', headers: lookup.headers })
  if (unfit !== undefined) return err(unfit)
  const headers = headersOf(lookup, credential)
  if (!headers.ok) return headers
  const { upstream, method, path, body, identity } = lookup
  return ok(
    makeSignedLookup({ upstream, method, target: path, headers: headers.value, body, identity }),
  )
}

function headersOf(
  lookup: Lookup,
  credential: Credential,
): Result<readonly HeaderLine[], LookupRefusal> {
  switch (credential.kind) {
    case 'gcp-workload-identity':
      return bearerHeaders(lookup, credential)
    case 'none': {
      const { authority } = lookup.upstream
      if (credential.hosts.includes(authority)) return ok([['host', authority], ...lookup.headers])
      return config('the credential is not bound to this host', 'SIGN-5')
    }
    case 'aws-web-identity':
      return config('no look-up is signed with such a credential', 'SIGN-2')
    default:
      return unknownKind(credential)
  }
}

function config(detail: string, rule: string): Result<never, LookupRefusal> {
  return err(refusal('ERR_SG_CREDENTIAL_CONFIG', detail, rule))
}

function unknownKind(_credential: never): Result<never, LookupRefusal> {
  return config('a credential of an unknown kind', 'SIGN-2')
}
