// The `sub` that Google sees. It becomes `google.subject`, which holds at most 127 bytes (IAM
// documentation, "Workload Identity Federation": attribute mapping), while a SPIFFE ID may have 2048.

import { refusal, type CredentialCode, type Refusal } from '../../errors.ts'
import type { Peer } from '../../spiffe/peer.ts'
import { err, ok, type Result } from '../../util/result.ts'
import { digest } from '../cache-key.ts'
import { subjectOf, type SubjectKind } from '../subject.ts'

/** Bytes. */
export const MAX_GOOGLE_SUBJECT = 127

/**
 * A SPIFFE ID that is too long is replaced by its whole SHA-256, never cut: two agents must not
 * become one principal. The whole ID then stands in the token's private claim.
 */
export function googleSubjectOf(
  kind: SubjectKind,
  peer: Peer,
): Result<string, Refusal<CredentialCode>> {
  const subject = subjectOf(kind, peer)
  if (!subject.ok || Buffer.byteLength(subject.value) <= MAX_GOOGLE_SUBJECT) return subject
  if (kind === 'spiffe-id') return ok(`spiffe-sha256:${digest(subject.value)}`)
  const detail = `subject role is longer than the ${MAX_GOOGLE_SUBJECT} bytes that Google maps: use subject spiffe-id`
  return err(refusal('ERR_SG_CREDENTIAL_CONFIG', detail, 'GCP-1'))
}
