// What `pipeline/authenticate.ts` fills a `Peer` with: the verified SVID and the names that the
// grammar of its trust domain gives.

import { formatRfc3339 } from '../util/rfc3339.ts'
import type { AgentNames } from './grammar.ts'
import type { PeerFields } from './peer.ts'
import type { VerifiedSvid } from './verify.ts'

export function peerFields(svid: VerifiedSvid, names: AgentNames | undefined): PeerFields {
  return {
    spiffeId: svid.id.text,
    trustDomain: svid.id.trustDomain,
    tenant: names?.tenant,
    agent: names?.agent,
    role: names?.role,
    serial: svid.serial,
    notAfter: formatRfc3339(svid.notAfter),
    expiresAt: svid.expiresAt,
    sha256: svid.sha256,
    bundleRevision: svid.bundleRevision,
  }
}
