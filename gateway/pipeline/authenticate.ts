// Who: from a certificate chain to a Peer, once per connection; and the check of every request that
// the Peer still is who it was. The only maker of Peer.

import { refusal, type Refusal } from '../errors.ts'
import { isDenied, type DenyList } from '../spiffe/deny-list.ts'
import type { AgentNames, PathGrammar } from '../spiffe/grammar.ts'
import { parseSpiffeId, type SpiffeId } from '../spiffe/id.ts'
import { peerFields } from '../spiffe/peer-fields.ts'
import { makePeer, type Peer } from '../spiffe/peer.ts'
import type { VerifiedSvid } from '../spiffe/verify.ts'
import { err, ok, type Result } from '../util/result.ts'
import { formatRfc3339 } from '../util/rfc3339.ts'

/**
 * A partner's path grammar, and which of their tenants are which of ours (docs/CONFIG.md,
 * `identity`).
 */
export interface ForeignNames {
  readonly grammar: PathGrammar
  readonly tenants: ReadonlyMap<string, string>
}

export interface AuthenticatePorts {
  readonly verify: (chain: readonly Buffer[]) => Result<VerifiedSvid, Refusal>
  /** Our own trust domain's: an ID that does not fit is refused. */
  readonly grammar: PathGrammar
  /** By trust domain; one that is not here has no tenant, agent or role. */
  readonly foreign: ReadonlyMap<string, ForeignNames>
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
  const { id } = verified.value
  const names = namesOf(id, ports)
  if (!names.ok) return names
  const peer = makePeer(peerFields(verified.value, names.value))
  // Judged by the bundles of this very moment: nothing that waits stands between.
  const denied = recheckPeer(peer, { ...ports, isTrusted: () => true })
  return denied === undefined ? ok(peer) : err(denied)
}

export type NamePorts = Pick<AuthenticatePorts, 'grammar' | 'foreign'>

/** An ID of our own trust domain has names or is refused; a foreign one may have none. */
function namesOf(id: SpiffeId, ports: NamePorts): Result<AgentNames | undefined, Refusal> {
  const isOwn = id.trustDomain === ports.grammar.trustDomain
  const names = isOwn ? ports.grammar.match(id) : foreignNames(id, ports)
  if (isOwn && names === undefined) {
    const detail = `${id.text} does not have the form of the configured grammar`
    return err(refusal('ERR_SG_SVID_GRAMMAR', detail))
  }
  return ok(names)
}

/** After a change of grammars or tenant maps: is the peer still called what it was? */
export function namesHold(peer: Peer, ports: NamePorts): boolean {
  const id = parseSpiffeId(peer.spiffeId)
  if (!id.ok) return false
  const names = namesOf(id.value, ports)
  if (!names.ok) return false
  const { tenant, agent, role } = names.value ?? {}
  return tenant === peer.tenant && agent === peer.agent && role === peer.role
}

/** A tenant of theirs that is not mapped gives no names at all: it must never look like one of ours. */
function foreignNames(id: SpiffeId, ports: NamePorts): AgentNames | undefined {
  const foreign = ports.foreign.get(id.trustDomain)
  const names = foreign?.grammar.match(id)
  const tenant = names === undefined ? undefined : foreign?.tenants.get(names.tenant)
  return names === undefined || tenant === undefined ? undefined : { ...names, tenant }
}

export interface RecheckPorts extends Pick<AuthenticatePorts, 'denyList' | 'now'> {
  /** Whether the peer's chain is valid by the trust bundles of now. */
  readonly isTrusted: (peer: Peer) => boolean
}

/** Undefined: the identity still holds. Called for every request, and after every change. */
export function recheckPeer(peer: Peer, ports: RecheckPorts): Refusal | undefined {
  if (ports.now() >= peer.expiresAt) {
    return refusal('ERR_SG_SVID_EXPIRED', 'the SVID or its chain expired on an open connection')
  }
  if (!ports.isTrusted(peer)) {
    const detail = 'the trust bundles changed and do not vouch for the SVID any more'
    return refusal('ERR_SG_SVID_TRUST_DOMAIN', detail)
  }
  if (isDenied(ports.denyList(), { spiffeId: peer.spiffeId, serial: peer.serial })) {
    return refusal('ERR_SG_SVID_DENY_LISTED', 'the identity is on the deny list')
  }
  return undefined
}

/**
 * A Peer for looking at policy without a connection (`explain`). It is expired from birth, so that
 * no live station would take it for someone who proved who he is.
 */
export function unprovenPeer(id: SpiffeId, ports: NamePorts): Result<Peer, Refusal> {
  const names = namesOf(id, ports)
  if (!names.ok) return names
  const peer = makePeer({
    spiffeId: id.text,
    trustDomain: id.trustDomain,
    tenant: names.value?.tenant,
    agent: names.value?.agent,
    role: names.value?.role,
    serial: '00',
    notAfter: formatRfc3339(0),
    expiresAt: 0,
    sha256: '0'.repeat(64),
    bundleRevision: 0,
  })
  return ok(peer)
}
