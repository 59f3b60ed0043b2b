// The certificate chain that the peer presented, as DER, leaf first. Node's own reading of it is
// not used: its SAN text is ambiguous and its `keyUsage` is the extended one (docs/decisions/0006).

import type { TLSSocket } from 'node:tls'

/** More than any legitimate chain has; the validator has its own, smaller cap. */
const LONGEST_CHAIN = 32

export function readPeerChain(socket: TLSSocket): readonly Buffer[] {
  const chain: Buffer[] = []
  let certificate = socket.getPeerX509Certificate()
  while (certificate !== undefined && chain.length < LONGEST_CHAIN) {
    chain.push(certificate.raw)
    const issuer = certificate.issuerCertificate
    if (issuer === undefined || issuer.raw.equals(certificate.raw)) break
    certificate = issuer
  }
  return chain
}
