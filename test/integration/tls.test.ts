// The session beneath: TLS 1.3 and HTTP/1.1 only, no session that outlives its certificate, and the
// certificate that fits the name; all of it still so after a reload.

import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from 'node:tls'
import t, { type Test } from 'tap'
import { startTestGateway, type TestGateway } from '../support/running-gateway.ts'
import { clientOptions, handshakes, knock, LIST_REPORTS, openTls } from '../support/tls-client.ts'

async function start(t: Test): Promise<TestGateway> {
  const test = await startTestGateway()
  t.teardown(() => test.close())
  return test
}

t.test('TLS 1.2 is refused, before and after a reload', async (t) => {
  const test = await start(t)
  const options = clientOptions(test, test.svid('writer'))
  for (const when of ['before', 'after']) {
    for (const maxVersion of ['TLSv1.1', 'TLSv1.2'] as const) {
      const old = { ...options, minVersion: maxVersion, maxVersion, ciphers: 'ALL:@SECLEVEL=0' }
      await t.rejects(
        openTls(old),
        { code: /PROTOCOL_VERSION|NO_PROTOCOLS/ },
        `${maxVersion} ${when}`,
      )
    }
    t.equal(await knock(options), 403, `TLS 1.3 ${when}`)
    t.same(await test.gateway.reload(await test.load()), [])
  }
  t.ok(((await handshakes(test)).get('failed tls') ?? 0) >= 2, 'counted')
})

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

/** Every session that a client could try to resume after one whole exchange. */
async function sessionsOf(test: TestGateway): Promise<Buffer[]> {
  const sessions: Buffer[] = []
  const socket = connect(clientOptions(test, test.svid('writer')))
  socket.on('session', (session) => sessions.push(session))
  await once(socket, 'secureConnect')
  socket.write(LIST_REPORTS)
  await once(socket, 'data')
  socket.destroy()
  return sessions
}

// OpenSSL under TLS 1.3 sends the number of a session that it would keep where it may send no
// ticket; nothing keeps it, and what counts is that nobody can come back without a certificate.
t.test('no session is ever resumed: each connection proves its SVID', async (t) => {
  const test = await start(t)
  for (const when of ['before', 'after']) {
    const sessions = await sessionsOf(test)
    for (const session of sessions) {
      const connection = await openTls({ ...clientOptions(test, test.svid('writer')), session })
      t.notOk(connection.socket.isSessionReused(), `a whole handshake, ${when} a reload`)
      connection.socket.destroy()
      const bare = { ...clientOptions(test, undefined), session }
      t.equal(await knock(bare), 'closed', `no certificate but a session, ${when} a reload`)
    }
    t.same(await test.gateway.reload(await test.load()), [])
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
