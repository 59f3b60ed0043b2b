// A trust domain for development, demo and tests, in memory: a CA for SVIDs, and a *separate* CA
// for the server certificate that plain SDKs check, so that the file an SDK trusts can never vouch
// for an agent, nor the trust bundle for a server. Keys are EC P-256.

import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { isIP } from 'node:net'
import { Secret } from '../util/secret.ts'
import { buildCertificate, distinguishedName, spkiOf } from './dev-certificate.ts'
import type { Issuer, Subject } from './dev-certificate.ts'
import { parseSpiffeId, parseTrustDomain } from './id.ts'
import { readPem, writePem } from './pem.ts'
import { parseCertificate } from './x509-svid.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const CA_LIFETIME_MS = 365 * DAY_MS
/** Agents' clocks may be a little behind ours. */
const BACKDATE_MS = 60_000
const DEFAULT_SERVER_LIFETIME_SECONDS = 30 * 24 * 60 * 60

export interface DevSvid {
  /** The leaf first, then intermediates (there are none today). */
  readonly certPem: string
  /** PKCS#8. */
  readonly keyPem: string
}

export interface DevServerCertificate extends DevSvid {
  /** The CA file for SDKs; not the trust bundle. */
  readonly caPem: string
}

/** All that has to be kept for the domain to live on. */
export interface DevMaterial {
  readonly trustDomain: string
  readonly caPem: string
  readonly caKeyPem: Secret
  readonly webCaPem: string
  readonly webCaKeyPem: Secret
}

export interface SvidRequest {
  readonly spiffeId: string
  readonly ttlSeconds: number
  /** ms since the epoch; the domain's own start where absent. */
  readonly now?: number
}

export interface ServerCertificateRequest {
  /** DNS names (wildcards too) and IP addresses. */
  readonly names: readonly string[]
  readonly ttlSeconds?: number
  readonly now?: number
}

export interface DevTrustDomain {
  readonly trustDomain: string
  /** The trust bundle: the CA certificate of SVIDs. */
  readonly caPem: string
  /** The CA certificate of server certificates. */
  readonly webCaPem: string
  readonly material: DevMaterial
  /** Throws `TypeError` for an ID that is not of this domain or a lifetime that is none. */
  issueSvid(request: SvidRequest): DevSvid
  issueServerCertificate(request: ServerCertificateRequest): DevServerCertificate
}

/** Makes new CAs. `now` is in ms since the epoch. */
export function createDevTrustDomain(options: {
  readonly trustDomain: string
  readonly now: number
}): DevTrustDomain {
  const { now } = options
  const trustDomain = parseTrustDomain(options.trustDomain)
  if (!trustDomain.ok) throw new TypeError(trustDomain.error.detail)
  const svidCa = createCa(
    { organization: trustDomain.value, commonName: 'svidgate development CA' },
    `spiffe://${trustDomain.value}`,
    now,
  )
  const webCa = createCa(
    { organization: trustDomain.value, commonName: 'svidgate development web CA' },
    undefined,
    now,
  )
  return devTrustDomainFrom(
    {
      trustDomain: trustDomain.value,
      caPem: svidCa.certPem,
      caKeyPem: svidCa.keyPem,
      webCaPem: webCa.certPem,
      webCaKeyPem: webCa.keyPem,
    },
    now,
  )
}

/** Takes up a domain that was made before; throws `TypeError` where its parts do not fit. */
export function devTrustDomainFrom(material: DevMaterial, now: number): DevTrustDomain {
  const { trustDomain, caPem, webCaPem } = material
  const svidCa = loadCa(material.caPem, material.caKeyPem)
  const webCa = loadCa(material.webCaPem, material.webCaKeyPem)
  if (svidCa.uri !== `spiffe://${trustDomain}`) {
    throw new TypeError(`the CA certificate is not of the trust domain ${trustDomain}`)
  }
  if (now >= Math.min(svidCa.notAfter, webCa.notAfter)) {
    throw new TypeError('a CA certificate of it has expired')
  }
  return Object.freeze({
    trustDomain,
    caPem,
    webCaPem,
    material,
    issueSvid: (request: SvidRequest) => issueSvid(trustDomain, svidCa, request, now),
    issueServerCertificate: (request: ServerCertificateRequest) => ({
      ...issueServerCertificate(trustDomain, webCa, request, now),
      caPem: webCaPem,
    }),
  })
}

interface LoadedCa extends Issuer {
  readonly uri: string | undefined
  readonly notAfter: number
}

function createCa(
  subject: Subject,
  uri: string | undefined,
  now: number,
): { certPem: string; keyPem: Secret } {
  const { publicKey, privateKey } = newKeyPair()
  const der = buildCertificate(
    {
      subject,
      notBefore: now - BACKDATE_MS,
      notAfter: now + CA_LIFETIME_MS,
      publicKey,
      ca: true,
      keyUsage: ['keyCertSign', 'cRLSign'],
      names: uri === undefined ? [] : [{ kind: 'uri', text: uri }],
    },
    { name: distinguishedName(subject), privateKey },
  )
  return { certPem: writePem('CERTIFICATE', der), keyPem: new Secret(privatePem(privateKey)) }
}

function issueSvid(
  trustDomain: string,
  ca: LoadedCa,
  request: SvidRequest,
  startedAt: number,
): DevSvid {
  const id = parseSpiffeId(request.spiffeId)
  if (!id.ok) throw new TypeError(id.error.detail)
  if (id.value.trustDomain !== trustDomain || id.value.path === '') {
    throw new TypeError(`${request.spiffeId} is not a workload of ${trustDomain}`)
  }
  const { publicKey, privateKey } = newKeyPair()
  const der = buildCertificate(
    {
      subject: { organization: trustDomain, commonName: id.value.path.slice(1) },
      ...lifetime(request.now ?? startedAt, request.ttlSeconds, ca.notAfter),
      publicKey,
      ca: false,
      keyUsage: ['digitalSignature'],
      extendedKeyUsage: ['serverAuth', 'clientAuth'],
      names: [{ kind: 'uri', text: id.value.text }],
    },
    ca,
  )
  return { certPem: writePem('CERTIFICATE', der), keyPem: privatePem(privateKey) }
}

function issueServerCertificate(
  trustDomain: string,
  ca: LoadedCa,
  request: ServerCertificateRequest,
  startedAt: number,
): DevSvid {
  const { names, ttlSeconds = DEFAULT_SERVER_LIFETIME_SECONDS } = request
  const [first] = names
  if (first === undefined) throw new TypeError('a server certificate needs at least one name')
  for (const name of names) {
    if (!isHostName(name)) {
      throw new TypeError(`${JSON.stringify(name)} is neither a DNS name nor an IP address`)
    }
  }
  const { publicKey, privateKey } = newKeyPair()
  const der = buildCertificate(
    {
      subject: { organization: trustDomain, commonName: first },
      ...lifetime(request.now ?? startedAt, ttlSeconds, ca.notAfter),
      publicKey,
      ca: false,
      keyUsage: ['digitalSignature'],
      extendedKeyUsage: ['serverAuth'],
      names: names.map((text) => ({ kind: 'host', text })),
    },
    ca,
  )
  return { certPem: writePem('CERTIFICATE', der), keyPem: privatePem(privateKey) }
}

/** An IPv6 address in plain form: no zone, no dotted tail. */
function isHostName(name: string): boolean {
  if (isIP(name) === 4) return true
  if (isIP(name) === 6) return /^[0-9a-f:]+$/i.test(name)
  return /^(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*$/i.test(name)
}

/** A certificate never outlives its CA. */
function lifetime(
  now: number,
  ttlSeconds: number,
  caNotAfter: number,
): { notBefore: number; notAfter: number } {
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1) {
    throw new TypeError('a lifetime is a positive number of whole seconds')
  }
  const notAfter = Math.min(now + ttlSeconds * 1000, caNotAfter)
  return { notBefore: now - BACKDATE_MS, notAfter }
}

function loadCa(certPem: string, keyPem: Secret): LoadedCa {
  const blocks = readPem(certPem)
  const der = blocks.ok ? blocks.value[0]?.bytes : undefined
  if (der === undefined) throw new TypeError('the CA file holds no certificate')
  const certificate = parseCertificate(der)
  if (!certificate.ok) throw new TypeError(`the CA certificate: ${certificate.error.detail}`)
  const privateKey = createPrivateKey(keyPem.reveal())
  if (!spkiOf(createPublicKey(privateKey)).equals(certificate.value.spki)) {
    throw new TypeError('the CA key does not belong to the CA certificate')
  }
  const names = certificate.value.extensions.subjectAltName?.names ?? []
  return {
    name: certificate.value.subject,
    privateKey,
    uri: names.find(({ kind }) => kind === 'uri')?.bytes.toString('latin1'),
    notAfter: certificate.value.notAfter,
  }
}

function newKeyPair(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' })
}

function privatePem(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString()
}
