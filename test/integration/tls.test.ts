// The session beneath: TLS 1.3 and HTTP/1.1 only, and the certificate that fits the name; all of it
// still so after a reload, whatever it changed.

import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConnectionOptions } from 'node:tls'
import t, { type Test } from 'tap'
import { createDevTrustDomain } from '../../gateway/spiffe/dev-ca.ts'
import {
  SERVER_NAMES,
  startTestGateway,
  TRUST_DOMAIN,
  type TestGateway,
} from '../support/running-gateway.ts'
import { clientOptions, handshakes, knock, openTls } from '../support/tls-client.ts'

async function start(t: Test): Promise<TestGateway> {
  const test = await startTestGateway()
  t.teardown(() => test.close())
  return test
}

/** What operators rotate; the gateway gets a whole new TLS context, or other trust, from each. */
const ROTATIONS: { id: string; rotate: (test: TestGateway) => Promise<void> }[] = [
  { id: 'nothing yet', rotate: () => Promise.resolve() },
  {
    id: 'the server certificate',
    rotate: async ({ domain, dir }) => {
      const { certPem, keyPem } = domain.issueServerCertificate({ names: SERVER_NAMES })
      await writeFile(join(dir, 'gateway.pem'), certPem)
      await writeFile(join(dir, 'gateway.key.pem'), keyPem, { mode: 0o600 })
    },
  },
  {
    id: 'the trust bundle',
    rotate: async ({ domain, dir }) => {
      const added = createDevTrustDomain({ trustDomain: TRUST_DOMAIN, now: Date.now() })
      await writeFile(join(dir, 'bundle.pem'), domain.caPem + added.caPem)
    },
  },
]

/** The serial of the certificate that a client is shown. */
async function shownTo(options: ConnectionOptions): Promise<string | undefined> {
  const { socket } = await openTls(options)
  const serial = socket.getPeerX509Certificate()?.serialNumber
  socket.destroy()
  return serial
}

t.test('TLS 1.2 is refused, before and after each rotation', async (t) => {
  const test = await start(t)
  const key = test.svid('writer')
  const serials = new Set<string | undefined>()
  for (const { id, rotate } of ROTATIONS) {
    await rotate(test)
    t.same(await test.gateway.reload(await test.load()), [])
    // A name of its own has a context of its own, beside that of the listener.
    for (const servername of ['localhost', '']) {
      const { domain } = test
      const ca = [test.webCaPem, domain.webCaPem]
      const options = { ...clientOptions(test, key), servername, ca, checkServerIdentity: NO_NAME }
      for (const maxVersion of ['TLSv1.1', 'TLSv1.2'] as const) {
        const old = { ...options, minVersion: maxVersion, maxVersion, ciphers: 'ALL:@SECLEVEL=0' }
        const code = /PROTOCOL_VERSION|NO_PROTOCOLS/
        await t.rejects(openTls(old), { code }, `${maxVersion} after ${id}, name "${servername}"`)
      }
      t.equal(await knock(options), 403, `TLS 1.3 after ${id}, name "${servername}"`)
      serials.add(await shownTo(options))
    }
  }
  t.equal(serials.size, 2, 'the first certificate, and the rotated one')
  t.ok(((await handshakes(test)).get('failed tls') ?? 0) >= 2, 'counted')
})

/** Without SNI there is no name to check. */
const NO_NAME = (): undefined => undefined

t.test('HTTP/2 alone is refused; HTTP/1.1 and no choice are accepted', async (t) => {
  const test = await start(t)
  const options = clientOptions(test, test.svid('writer'))
  await t.rejects(openTls({ ...options, ALPNProtocols: ['h2'] }), {
    code: /NO_APPLICATION_PROTOCOL/,
  })
  for (const ALPNProtocols of [undefined, ['http/1.1'], ['h2', 'http/1.1']]) {
    t.equal(await knock({ ...options, ...(ALPNProtocols && { ALPNProtocols }) }), 403)
  }
})

const BOTH = (text: string): string =>
  text.replace(
    /tls: \[.*\]\n/,
    'tls: [ { kind: files, names: [localhost], cert: ./gateway.pem, key: ./gateway.key.pem }, ' +
      '{ kind: files, names: [other.test, "*.wild.test"], cert: ./other.pem, key: ./other.key.pem } ]\n',
  )

t.test('SNI chooses the certificate; an unknown name or none sees the first', async (t) => {
  const test = await start(t)
  const other = test.domain.issueServerCertificate({ names: ['other.test', '*.wild.test'] })
  await writeFile(join(test.dir, 'other.pem'), other.certPem)
  await writeFile(join(test.dir, 'other.key.pem'), other.keyPem, { mode: 0o600 })
  t.same(await test.gateway.reload(await test.load(BOTH(test.configText))), [], 'hot')
  const rows: [string, 'first' | 'other'][] = [
    ['localhost', 'first'],
    ['other.test', 'other'],
    ['OTHER.test', 'other'],
    ['a.wild.test', 'other'],
    ['a.b.wild.test', 'first'],
    ['unknown.test', 'first'],
    ['', 'first'],
  ]
  for (const [servername, expected] of rows) {
    const options = clientOptions(test, test.svid('writer'))
    const connection = await openTls({ ...options, servername, rejectUnauthorized: false })
    const names = connection.socket.getPeerX509Certificate()?.subjectAltName ?? ''
    t.equal(names.includes('other.test') ? 'other' : 'first', expected, servername)
    connection.socket.destroy()
  }
  for (const servername of ['other.test', 'unknown.test']) {
    const options = { ...clientOptions(test, undefined), servername, rejectUnauthorized: false }
    t.equal(await knock(options), 'closed', `${servername} asks for an SVID all the same`)
    await t.rejects(openTls({ ...options, maxVersion: 'TLSv1.2' }), `${servername}: no TLS 1.2`)
  }
})

t.test('a certificate that cannot be shown keeps the last good configuration', async (t) => {
  const test = await start(t)
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem' })
  await writeFile(join(test.dir, 'gateway.key.pem'), keyPem, { mode: 0o600 })
  await t.rejects(test.load(), /key/)
  t.equal(await knock(clientOptions(test, test.svid('writer'))), 403)
})
