// Peers as the authenticate station makes them, each field replaceable.

import { makePeer, type Peer, type PeerFields } from '../../gateway/spiffe/peer.ts'

export function peer(fields: Partial<PeerFields> = {}): Peer {
  return makePeer({
    spiffeId: 'spiffe://example.org/agent/acme/data-crew/writer',
    trustDomain: 'example.org',
    tenant: 'acme',
    agent: 'data-crew',
    role: 'writer',
    serial: '0a',
    notAfter: '2100-01-01T00:00:00Z',
    expiresAt: Date.UTC(2100, 0),
    sha256: '00'.repeat(32),
    bundleRevision: 1,
    ...fields,
  })
}
