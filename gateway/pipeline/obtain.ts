// With what: the credential of the decision, narrowed to it.

import type { Credential } from '../credential/credential.ts'
import { refusal, type Refusal } from '../errors.ts'
import type { AllowedRequest } from '../shape/allowed-request.ts'
import { shape } from '../shape/shape.ts'
import type { ShapedRequest } from '../shape/shaped-request.ts'
import { err, type Result } from '../util/result.ts'
import type { Journey } from './journey.ts'

export function applyObligations(
  journey: Journey,
  allowed: AllowedRequest,
): Result<ShapedRequest, Refusal> {
  const mode = journey.generation.credentials.sessionPolicyMode(allowed.credential)
  if (mode === undefined) {
    return err(refusal('ERR_SG_CREDENTIAL_CONFIG', `${allowed.credential} is not configured`))
  }
  return shape(allowed, { sessionPolicy: mode, jobs: journey.jobs })
}

/** At once, where the cache has it. */
export function obtain(
  journey: Journey,
  shaped: ShapedRequest,
): Result<Credential, Refusal> | Promise<Result<Credential, Refusal>> {
  const { allowed, sessionPolicy } = shaped
  return journey.generation.credentials.obtain({
    name: allowed.credential,
    peer: allowed.peer,
    sessionPolicy,
  })
}
