// A trust domain for tests, made with node-forge: RSA, one CA for SVIDs and one for servers.

import { generateKeyPairSync } from 'node:crypto'
import forge from 'node-forge'
import type { DemoTrustDomain, KeyPair } from '../../gateway/demo/ports.ts'

interface Authority {
  readonly name: string
  readonly pem: string
  readonly key: forge.pki.rsa.PrivateKey
}

interface Pair {
  readonly keyPem: string
  readonly publicPem: string
}

/** Key generation is the slow part, so pairs are made once a process and shared by what may share. */
const pairs = new Map<string, Pair>()

function pair(use: string): Pair {
  const known = pairs.get(use)
  if (known !== undefined) return known
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const made = {
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }
  pairs.set(use, made)
  return made
}

function certify(
  subject: string,
  publicPem: string,
  issuer: { name: string; key: forge.pki.rsa.PrivateKey },
  times: readonly [from: number, to: number],
  extensions: object[],
): string {
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.publicKeyFromPem(publicPem)
  certificate.serialNumber = `01${Math.floor(Math.random() * 2 ** 40).toString(16)}`
  certificate.validity.notBefore = new Date(times[0])
  certificate.validity.notAfter = new Date(times[1])
  certificate.setSubject([{ name: 'commonName', value: subject }])
  certificate.setIssuer([{ name: 'commonName', value: issuer.name }])
  certificate.setExtensions(extensions)
  certificate.sign(issuer.key, forge.md.sha256.create())
  return forge.pki.certificateToPem(certificate)
}

function authority(name: string, use: string, now: number): Authority {
  const { keyPem, publicPem } = pair(use)
  const key = forge.pki.privateKeyFromPem(keyPem)
  const extensions = [
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, critical: true },
  ]
  const times = [now - 86_400_000, now + 86_400_000] as const
  return { name, key, pem: certify(name, publicPem, { name, key }, times, extensions) }
}

function altName(name: string): object {
  return /^[\d.]+$/.test(name) ? { type: 7, ip: name } : { type: 2, value: name }
}

let made = 0

export function createTestTrustDomain(options: { now: number }): DemoTrustDomain {
  // Two domains that follow each other never share a CA key: one can be foreign to the other.
  made += 1
  const svidCa = authority('test SVID CA', `svid-${made % 2}`, options.now)
  const webCa = authority('test web CA', 'web', options.now)
  const leaf = (ca: Authority, names: object[], times: readonly [number, number]): KeyPair => {
    const { keyPem, publicPem } = pair('leaf')
    const extensions = [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'subjectAltName', altNames: names },
    ]
    return { keyPem, certPem: certify('leaf', publicPem, ca, times, extensions) }
  }
  return {
    caPem: svidCa.pem,
    issueSvid: ({ spiffeId, ttlSeconds, now = options.now }) =>
      leaf(svidCa, [{ type: 6, value: spiffeId }], [now - 60_000, now + ttlSeconds * 1000]),
    issueServerCertificate: ({ names }) => ({
      ...leaf(webCa, names.map(altName), [options.now - 60_000, options.now + 3_600_000]),
      caPem: webCa.pem,
    }),
  }
}
