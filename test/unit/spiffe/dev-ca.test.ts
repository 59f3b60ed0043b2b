// The development CA is judged from outside: by OpenSSL through real TLS connections, and by
// Node's reader. Our own validator is only the last of the judges.

import { X509Certificate, createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:tls'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { createDevTrustDomain, devTrustDomainFrom } from '../../../gateway/spiffe/dev-ca.ts'
import type { DevSvid } from '../../../gateway/spiffe/dev-ca.ts'
import { readPem } from '../../../gateway/spiffe/pem.ts'
import { makeTrustBundleSet, parseTrustBundle } from '../../../gateway/spiffe/trust-bundle.ts'
import { verifyX509Svid } from '../../../gateway/spiffe/verify.ts'

const NOW = Date.now()
const ID = 'spiffe://example.org/agent/acme/crew/writer'
const domain = createDevTrustDomain({ trustDomain: 'example.org', now: NOW })

function ders(pem: string): readonly Buffer[] {
  const blocks = readPem(pem)
  return blocks.ok ? blocks.value.map(({ bytes }) => bytes) : []
}

function judge(svid: DevSvid, at: number) {
  const bundle = parseTrustBundle('example.org', Buffer.from(domain.caPem))
  if (!bundle.ok) throw new Error(bundle.error.message)
  return verifyX509Svid(ders(svid.certPem), makeTrustBundleSet([bundle.value], 1), at)
}

interface HandshakeOptions {
  readonly server: DevSvid
  readonly client: DevSvid
  readonly serverCa: string
  readonly clientCa: string
  readonly host: string
}

/** What a pooled OpenSSL store on both sides says, or the error that ended the handshake. */
async function handshake(options: HandshakeOptions): Promise<string> {
  const server = createServer({
    cert: options.server.certPem,
    key: options.server.keyPem,
    ca: options.clientCa,
    requestCert: true,
    rejectUnauthorized: true,
  })
  server.on('secureConnection', (socket) => {
    socket.on('error', () => socket.destroy())
    socket.end(socket.getPeerCertificate().subjectaltname ?? 'no name')
  })
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = connect({
    port,
    host: '127.0.0.1',
    cert: options.client.certPem,
    key: options.client.keyPem,
    ca: options.serverCa,
    checkServerIdentity: (_host, certificate) =>
      new X509Certificate(certificate.raw).checkHost(options.host) === undefined &&
      new X509Certificate(certificate.raw).checkIP(options.host) === undefined
        ? new Error('wrong host')
        : undefined,
  })
  try {
    const chunks: Buffer[] = []
    for await (const chunk of client) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks).toString()
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  } finally {
    client.destroy()
    server.close()
    await once(server, 'close')
  }
}

const svid = domain.issueSvid({ spiffeId: ID, ttlSeconds: 300 })
const names = ['localhost', '127.0.0.1', '::1', '2001:db8::8:800:200c:417a', '*.s3.localhost']
const web = domain.issueServerCertificate({ names })

t.test('OpenSSL accepts an agent of the domain at a server of the web CA', async (t) => {
  for (const host of ['localhost', '127.0.0.1', '::1', 'reports.s3.localhost']) {
    const answer = await handshake({
      server: web,
      client: svid,
      serverCa: web.caPem,
      clientCa: domain.caPem,
      host,
    })
    t.equal(answer, `URI:${ID}`, host)
  }
})

t.test('neither CA stands for the other', async (t) => {
  const common = { server: web, client: svid, host: 'localhost' }
  t.not(
    await handshake({ ...common, serverCa: domain.caPem, clientCa: domain.caPem }),
    `URI:${ID}`,
    'the trust bundle does not vouch for the server',
  )
  t.not(
    await handshake({ ...common, serverCa: web.caPem, clientCa: web.caPem }),
    `URI:${ID}`,
    'the CA of the server does not vouch for the agent',
  )
  t.match(judge(web, NOW), { ok: false, error: { rule: 'XV-12' } })
})

t.test('the names are those that were asked for', async (t) => {
  const certificate = new X509Certificate(web.certPem)
  t.equal(
    certificate.subjectAltName,
    'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, ' +
      'IP Address:2001:DB8:0:0:8:800:200C:417A, DNS:*.s3.localhost',
  )
})

t.test('an SVID is valid from a minute ago until its lifetime is over', async (t) => {
  const at = Date.UTC(2026, 10, 23, 10, 0, 0, 999)
  const own = createDevTrustDomain({ trustDomain: 'example.org', now: at })
  const { certPem, keyPem } = own.issueSvid({ spiffeId: ID, ttlSeconds: 300, now: at + 1 })
  const certificate = new X509Certificate(certPem)
  t.equal(Date.parse(certificate.validFrom), Date.UTC(2026, 10, 23, 10, 0, 1) - 60_000)
  t.equal(Date.parse(certificate.validTo), Date.UTC(2026, 10, 23, 10, 5, 1))
  t.ok(certificate.checkPrivateKey(createPrivateKey(keyPem)))
  t.ok(certificate.verify(new X509Certificate(own.caPem).publicKey))
  t.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1')
})

t.test('our validator accepts it in its time only', async (t) => {
  t.match(judge(svid, NOW), { ok: true, value: { id: { text: ID } } })
  t.match(judge(svid, NOW + 301_000), { ok: false, error: { rule: 'XV-6' } })
})

t.test('a certificate never outlives its CA', async (t) => {
  const long = domain.issueSvid({ spiffeId: ID, ttlSeconds: 10 * 365 * 24 * 3600 })
  t.equal(new X509Certificate(long.certPem).validTo, new X509Certificate(domain.caPem).validTo)
})

t.test('serial numbers and keys are new every time', async (t) => {
  const all = Array.from({ length: 20 }, () => domain.issueSvid({ spiffeId: ID, ttlSeconds: 60 }))
  const serials = new Set(all.map((one) => new X509Certificate(one.certPem).serialNumber))
  t.equal(serials.size, 20)
  t.equal(new Set(all.map((one) => one.keyPem)).size, 20)
  for (const serial of serials) t.match(serial, /^[4-7][0-9A-F]{31}$/)
})

t.test('what is no request is a mistake of the caller', async (t) => {
  const bad = [
    () => createDevTrustDomain({ trustDomain: 'Example.org', now: NOW }),
    () => domain.issueSvid({ spiffeId: 'spiffe://partner.org/a', ttlSeconds: 60 }),
    () => domain.issueSvid({ spiffeId: 'spiffe://example.org', ttlSeconds: 60 }),
    () => domain.issueSvid({ spiffeId: 'spiffe://example.org/a/', ttlSeconds: 60 }),
    () => domain.issueSvid({ spiffeId: ID, ttlSeconds: 0 }),
    () => domain.issueSvid({ spiffeId: ID, ttlSeconds: 1.5 }),
    () => domain.issueServerCertificate({ names: [] }),
    () => domain.issueServerCertificate({ names: ['a b'] }),
    () => domain.issueServerCertificate({ names: ['a.*.b'] }),
    () => domain.issueServerCertificate({ names: ['fe80::1%eth0'] }),
    () => domain.issueServerCertificate({ names: ['::ffff:127.0.0.1'] }),
  ]
  for (const call of bad) t.throws(call, TypeError)
})

t.test('a domain is taken up again only from parts that belong together', async (t) => {
  const other = createDevTrustDomain({ trustDomain: 'example.org', now: NOW })
  const { material } = domain
  const again = devTrustDomainFrom(material, NOW)
  t.match(judge(again.issueSvid({ spiffeId: ID, ttlSeconds: 60 }), NOW), { ok: true })
  const bad = [
    { ...material, trustDomain: 'partner.org' },
    { ...material, caKeyPem: other.material.caKeyPem },
    { ...material, webCaKeyPem: material.caKeyPem },
    { ...material, caPem: material.webCaPem, caKeyPem: material.webCaKeyPem },
    { ...material, caPem: '' },
  ]
  for (const parts of bad) t.throws(() => devTrustDomainFrom(parts, NOW), TypeError)
  t.throws(() => devTrustDomainFrom(material, NOW + 366 * 24 * 3_600_000), /expired/)
})

t.test('keys do not print themselves', async (t) => {
  t.notMatch(JSON.stringify(domain), /PRIVATE KEY/)
})
