// Who is asking: made once per connection from a verified X.509-SVID, only by
// `pipeline/authenticate.ts`, and re-checked for every request.

declare const brand: unique symbol

export interface Peer {
  readonly [brand]: 'Peer'
  readonly spiffeId: string
  readonly trustDomain: string
  /** Absent for an ID that the grammar does not cover (a federated domain without its own). */
  readonly tenant: string | undefined
  readonly agent: string | undefined
  readonly role: string | undefined
  /** Hexadecimal, lower case. */
  readonly serial: string
  /** The leaf's own notAfter, RFC 3339, for policy input and records. */
  readonly notAfter: string
  /** Earliest notAfter of leaf, intermediates and the anchor used; ms since the epoch. */
  readonly expiresAt: number
  /** SHA-256 of the leaf's DER, hexadecimal. */
  readonly sha256: string
  /** Revision of the trust bundles that it was verified against. */
  readonly bundleRevision: number
}

export type PeerFields = Omit<Peer, typeof brand>

export function makePeer(fields: PeerFields): Peer {
  return Object.freeze(fields) as Peer
}
