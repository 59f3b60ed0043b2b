// The `sub` of the token that a cloud sees (docs/CONFIG.md): the agent's SPIFFE ID, or the role's
// name for clouds that can list only a few subjects.

import { refusal, type CredentialCode, type Refusal } from '../errors.ts'
import type { Peer } from '../spiffe/peer.ts'
import { err, ok, type Result } from '../util/result.ts'

export type SubjectKind = 'spiffe-id' | 'role'

/** `role` is `<trust domain>/<tenant>/<role>`: none of the three can hold a slash (SPIFFE-ID §2). */
export function subjectOf(kind: SubjectKind, peer: Peer): Result<string, Refusal<CredentialCode>> {
  if (kind === 'spiffe-id') return ok(peer.spiffeId)
  if (peer.tenant === undefined || peer.role === undefined) {
    return err(
      refusal(
        'ERR_SG_CREDENTIAL_CONFIG',
        'subject role needs a tenant and a role, which this SPIFFE ID does not give: use subject spiffe-id, or give its trust domain a grammar',
        'CRED-subject',
      ),
    )
  }
  return ok(`${peer.trustDomain}/${peer.tenant}/${peer.role}`)
}
