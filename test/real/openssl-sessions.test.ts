// OpenSSL's own client keeps the session of one connection and offers it in the next (`s_client
// -sess_out`, `-sess_in`): to the gateway in vain, to a server with OpenSSL's defaults with success.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import t, { type Test } from 'tap'
import { startTestGateway, type TestGateway } from '../support/running-gateway.ts'
import { LIST_REPORTS } from '../support/tls-client.ts'

const LAST_REQUEST = LIST_REPORTS.replace('\r\n\r\n', '\r\nconnection: close\r\n\r\n')

/** Connects, asks once, reads to the end; gives what the client printed. */
async function sClient(dir: string, port: number, ...args: readonly string[]): Promise<string> {
  const fixed = ['-connect', `127.0.0.1:${port}`, '-servername', 'localhost', '-ign_eof']
  const child = spawn('openssl', ['s_client', ...fixed, '-CAfile', 'web-ca.pem', ...args], {
    cwd: dir,
  })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('latin1').on('data', (text: string) => (printed += text))
  }
  child.stdin.on('error', () => undefined)
  child.stdin.end(LAST_REQUEST)
  await once(child, 'close')
  return printed
}

async function permissive(t: Test, { dir }: TestGateway): Promise<number> {
  const files = ['gateway.pem', 'gateway.key.pem'].map((name) => readFile(join(dir, name)))
  const [cert, key] = await Promise.all(files)
  const options = { cert, key, requestCert: true, rejectUnauthorized: false }
  const server = createServer(options, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

t.test('openssl s_client resumes no session of the gateway', async (t) => {
  const test = await startTestGateway()
  t.teardown(() => test.close())
  const { dir } = test
  const svid = test.svid('writer')
  await Promise.all(
    Object.entries({
      'web-ca.pem': test.webCaPem,
      'svid.pem': svid.certPem,
      'svid.key.pem': svid.keyPem,
    }).map(([name, text]) => writeFile(join(dir, name), text, { mode: 0o600 })),
  )
  const identity = ['-cert', 'svid.pem', '-key', 'svid.key.pem']
  const control = await permissive(t, test)
  t.match(await sClient(dir, control, ...identity, '-sess_out', 'control.pem'), /\nNew, TLSv1\.3/)
  t.match(await sClient(dir, control, '-sess_in', 'control.pem'), /\nReused, TLSv1\.3/, 'elsewhere')

  for (const when of ['before', 'after']) {
    const first = await sClient(dir, test.port, ...identity, '-sess_out', `${when}.pem`)
    t.match(first, /\nNew, TLSv1\.3[\s\S]*HTTP\/1\.1 403 /, `${when} a reload`)
    if (existsSync(join(dir, `${when}.pem`))) {
      const again = await sClient(dir, test.port, ...identity, '-sess_in', `${when}.pem`)
      t.match(again, /\nNew, TLSv1\.3[\s\S]*HTTP\/1\.1 403 /, 'a whole handshake')
      t.notMatch(again, /Reused/)
      const bare = await sClient(dir, test.port, '-sess_in', `${when}.pem`)
      t.notMatch(bare, /HTTP\/1\.1/, 'and not a word without a certificate')
      t.notMatch(bare, /Reused/)
    }
    t.same(await test.gateway.reload(await test.load()), [])
  }
  const tls12 = await sClient(dir, test.port, ...identity, '-tls1_2')
  t.match(tls12, /alert protocol version/i)
  t.notMatch(tls12, /HTTP\/1\.1/)
})
