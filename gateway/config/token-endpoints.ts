// Where a credential's tokens go: every origin that the gateway dials for it.

import { gcpOrigins } from '../credential/gcp/options.ts'
import type { ConfigPath } from './problem.ts'

type TokenEndpoints =
  | { readonly kind: 'aws-web-identity'; readonly endpoint?: string | undefined }
  | {
      readonly kind: 'gcp-workload-identity'
      readonly endpoint?: string | undefined
      readonly impersonationEndpoint?: string | undefined
      readonly universeDomain: string
    }
  | { readonly kind: 'none' }

export interface TokenEndpoint {
  /** Undefined: AWS’s own STS of a region. */
  readonly origin: string | undefined
  /** Below the credential: the field that names it; empty where none does. */
  readonly field: ConfigPath
}

export function tokenEndpointsOf(credential: TokenEndpoints): readonly TokenEndpoint[] {
  switch (credential.kind) {
    case 'none':
      return []
    case 'aws-web-identity':
      return [endpoint(credential.endpoint, credential.endpoint, 'endpoint')]
    case 'gcp-workload-identity': {
      const { sts, impersonation } = gcpOrigins(credential)
      return [
        endpoint(sts, credential.endpoint, 'endpoint'),
        endpoint(impersonation, credential.impersonationEndpoint, 'impersonationEndpoint'),
      ]
    }
  }
}

function endpoint(
  origin: string | undefined,
  given: string | undefined,
  field: string,
): TokenEndpoint {
  return { origin, field: given === undefined ? [] : [field] }
}
