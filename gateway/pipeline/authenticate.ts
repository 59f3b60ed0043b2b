// Who: from a certificate chain to a Peer, once per connection; and the check of every request that
// the Peer still is who it was. The only maker of Peer.

import { refusal, type Refusal } from '../errors.ts'
import { isDenied, type DenyList } from '../spiffe/deny-list.ts'
import type { PathGrammar } from '../spiffe/grammar.ts'
import { peerFields } from '../spiffe/peer-fields.ts'
import { makePeer, type Peer } from '../spiffe/peer.ts'
import type { TrustBundleSet } from '../spiffe/trust-bundle.ts'
import type { VerifiedSvid } from '../spiffe/verify.ts'
import { err, ok, type Result } from '../util/result.ts'

export interface AuthenticatePorts {
  readonly verify: (chain: readonly Buffer[]) => Result<VerifiedSvid, Refusal>
  readonly bundles: () => TrustBundleSet
  /** Our own domain's: only its IDs have tenant, agent and role (contract §1). */
  readonly grammar: PathGrammar
  readonly denyList: () => DenyList
  readonly now: () => number
}

export function authenticate(
  chain: readonly Buffer[],
  ports: AuthenticatePorts,
): Result<Peer, Refusal> {
  if (chain.length === 0) {
    return err(refusal('ERR_SG_SVID_MISSING', 'the client sent no certificate', 'XV-0'))
  }
  const verified = ports.verify(chain)
  if (!verified.ok) return verified
  const svid = verified.value
  const names = ports.grammar.match(svid.id)
  if (svid.id.trustDomain === ports.grammar.trustDomain && names === undefined) {
    const detail = `${svid.id.text} does not have the form of the configured grammar`
    return err(refusal('ERR_SG_SVID_GRAMMAR', detail))
  }
  const peer = makePeer(peerFields(svid, names))
  const denied = recheckPeer(peer, ports)
  return denied === undefined ? ok(peer) : err(denied)
}

/** Undefined: the identity still holds. Called for every request, and after every change. */
export function recheckPeer(
  peer: Peer,
  ports: Pick<AuthenticatePorts, 'bundles' | 'denyList' | 'now'>,
): Refusal | undefined {
  if (ports.now() >= peer.expiresAt) {
    return refusal('ERR_SG_SVID_EXPIRED', 'the SVID or its chain expired on an open connection')
  }
  if (peer.bundleRevision !== ports.bundles().revision) {
    return refusal('ERR_SG_SVID_TRUST_DOMAIN', 'the trust bundles changed; connect again')
  }
  if (isDenied(ports.denyList(), { spiffeId: peer.spiffeId, serial: peer.serial })) {
    return refusal('ERR_SG_SVID_DENY_LISTED', 'the identity is on the deny list')
  }
  return undefined
}
