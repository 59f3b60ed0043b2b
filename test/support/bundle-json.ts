// A SPIFFE bundle document as a partner's server writes it, with node:crypto alone.

import { X509Certificate } from 'node:crypto'

export function bundleJson(caPems: readonly string[], more: object = {}): string {
  const keys = caPems.map((pem) => {
    const certificate = new X509Certificate(pem)
    const x5c = [certificate.raw.toString('base64')]
    return { ...certificate.publicKey.export({ format: 'jwk' }), use: 'x509-svid', x5c }
  })
  return JSON.stringify({ keys, ...more })
}
