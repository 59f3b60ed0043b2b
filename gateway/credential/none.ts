// Kind `none`: no proof is sent, but the credential is bound to hosts and chosen by bindings and
// policy like any other, so that a route never becomes open by a missing line (docs/CONFIG.md).

import { refusal } from '../errors.ts'
import type { Peer } from '../spiffe/peer.ts'
import { err, ok } from '../util/result.ts'
import { tupleKey } from './cache-key.ts'
import type { NoCredential } from './credential.ts'
import type { CredentialDriver } from './driver.ts'

export interface NoCredentialOptions {
  readonly kind: 'none'
  readonly name: string
  /** `tickets.example.org`, with the port where it is not the scheme's default. */
  readonly hosts: readonly string[]
  readonly trustDomains?: readonly string[]
}

const AUTHORITY = /^[a-z0-9.-]+(?::[0-9]{1,5})?$/
const END_OF_TIME = Date.UTC(9999, 11, 31)

/** @throws TypeError without hosts, or for a host that could never match */
export function createNoCredential(options: NoCredentialOptions): CredentialDriver {
  const odd = options.hosts.find((host) => !AUTHORITY.test(host))
  if (options.hosts.length === 0 || odd !== undefined) {
    throw new TypeError(
      `credential ${options.name}: hosts must list lower-case host[:port]` +
        (odd === undefined ? '' : `, not ${odd}`),
    )
  }
  const credential: NoCredential = Object.freeze({
    kind: 'none',
    name: options.name,
    hosts: Object.freeze([...options.hosts]),
    expiresAt: END_OF_TIME,
    session: 'none',
  })
  return {
    name: options.name,
    settings: { kind: 'none', sessionPolicy: 'none', region: undefined },
    trustDomains: new Set(options.trustDomains ?? []),
    tokenAudience: undefined,
    plan: (peer: Peer, sessionPolicy: string | undefined) => {
      if (sessionPolicy !== undefined) {
        const detail = `credential ${options.name} cannot be narrowed by a session policy`
        return err(refusal('ERR_SG_CREDENTIAL_CONFIG', detail, 'NONE-1'))
      }
      const cacheKey = tupleKey(['none', options.name, ...options.hosts, peer.spiffeId])
      return ok({
        cacheKey,
        exchange: () => Promise.resolve(ok(credential)),
        describe: () => ({ call: 'none' }),
      })
    },
  }
}
