// The credentials of one configuration, by name. Holds the two rules that no single credential can
// keep alone: an agent of a foreign trust domain gets one only where it is listed, and no audience
// is shown at two token endpoints, because the one could then use our tokens at the other.

import { refusal, type CredentialCode, type Refusal } from '../errors.ts'
import type { JwtSvidSource } from '../spiffe/jwt-svid.ts'
import type { Peer } from '../spiffe/peer.ts'
import type { Clock } from '../util/clock.ts'
import { err, type Result } from '../util/result.ts'
import type { AwsWebIdentityOptions } from './aws/options.ts'
import { AwsWebIdentity } from './aws/web-identity.ts'
import type { CredentialCache } from './cache.ts'
import type { CredentialRequest, CredentialSource } from './credential.ts'
import type { CredentialDriver, CredentialPlan, CredentialSettings } from './driver.ts'
import type { GcpWorkloadIdentityOptions } from './gcp/options.ts'
import { GcpWorkloadIdentity } from './gcp/workload-identity.ts'
import { createNoCredential, type NoCredentialOptions } from './none.ts'
import type { HttpPost } from './outbound.ts'

export type CredentialOptions =
  AwsWebIdentityOptions | GcpWorkloadIdentityOptions | NoCredentialOptions

export interface CredentialPorts {
  /** Our own. */
  readonly trustDomain: string
  /** Checked: see `issuer/checked-source.ts`. */
  readonly jwtSvid: JwtSvidSource
  readonly post: HttpPost
  readonly clock: Clock
  /** Outlives this registry: a reload must not empty it. */
  readonly cache: CredentialCache
  /** ms for one call of a token endpoint. */
  readonly deadlineMs?: number
}

export interface CredentialRegistry extends CredentialSource {
  readonly names: ReadonlySet<string>
  settings(name: string): CredentialSettings | undefined
  /** What `obtain` would do; nothing is sent. */
  plan(request: CredentialRequest): Result<CredentialPlan, Refusal<CredentialCode>>
}

/** @throws TypeError that says which credential is wrong and why */
export function createCredentialRegistry(
  options: readonly CredentialOptions[],
  ports: CredentialPorts,
): CredentialRegistry {
  const drivers = new Map<string, CredentialDriver>()
  for (const each of options) {
    if (drivers.has(each.name)) throw new TypeError(`credential ${each.name} is there twice`)
    drivers.set(each.name, createDriver(each, ports))
  }
  checkAudiences([...drivers.values()])
  return {
    names: new Set(drivers.keys()),
    settings: (name) => drivers.get(name)?.settings,
    plan: (request) => planFor(drivers.get(request.name), request, ports),
    obtain: (request) => {
      const plan = planFor(drivers.get(request.name), request, ports)
      if (!plan.ok) return plan
      return ports.cache.obtain(request.name, plan.value.cacheKey, plan.value.exchange)
    },
  }
}

function createDriver(options: CredentialOptions, ports: CredentialPorts): CredentialDriver {
  switch (options.kind) {
    case 'aws-web-identity':
      return new AwsWebIdentity(options, ports)
    case 'gcp-workload-identity':
      return new GcpWorkloadIdentity(options, ports)
    case 'none':
      return createNoCredential(options)
    default:
      return unknownKind(options)
  }
}

function unknownKind(options: never): never {
  throw new TypeError(`credential of an unknown kind: ${JSON.stringify(options)}`)
}

function checkAudiences(drivers: readonly CredentialDriver[]): void {
  const owners = new Map<string, { name: string; authority: string }>()
  for (const { name, tokenAudience } of drivers) {
    if (tokenAudience === undefined) continue
    const { audience, authority } = tokenAudience
    const owner = owners.get(audience)
    if (owner !== undefined && owner.authority !== authority) {
      throw new TypeError(
        `credentials ${owner.name} and ${name}: audience ${audience} is used at ${owner.authority} ` +
          `and at ${authority}, so each could replay our tokens at the other: give one its own audience`,
      )
    }
    owners.set(audience, { name, authority })
  }
}

function planFor(
  driver: CredentialDriver | undefined,
  request: CredentialRequest,
  ports: CredentialPorts,
): Result<CredentialPlan, Refusal<CredentialCode>> {
  if (driver === undefined) {
    return err(fault(`there is no credential ${request.name}`, 'CRED-name'))
  }
  if (!isServed(driver, request.peer, ports.trustDomain)) {
    const detail = `credential ${driver.name} does not list trust domain ${request.peer.trustDomain}`
    return err(fault(detail, 'CRED-trust-domain'))
  }
  return driver.plan(request.peer, request.sessionPolicy)
}

function isServed(driver: CredentialDriver, peer: Peer, own: string): boolean {
  return peer.trustDomain === own || driver.trustDomains.has(peer.trustDomain)
}

function fault(detail: string, rule: string): Refusal<CredentialCode> {
  return refusal('ERR_SG_CREDENTIAL_CONFIG', detail, rule)
}
