// `tokenSource: presented` from end to end: a certificate alone does not suffice, and the token that
// comes with it stays here.

import { X509Certificate } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { bundleKey, jwt, keyPair } from '../support/jwt-maker.ts'
import { WIDE } from '../support/load.ts'
import { agentId, startTestGateway } from '../support/running-gateway.ts'
import { clientOptions, LIST_REPORTS, openTls } from '../support/tls-client.ts'

const AUDIENCE = 'spiffe://example.org/svidgate'
const pair = keyPair('jwt-1', 'P-256')

function tokenOf(role: string): string {
  const exp = Math.floor(Date.now() / 1000) + 300
  return jwt({ alg: 'ES256', kid: 'jwt-1' }, { sub: agentId(role), aud: [AUDIENCE], exp }, pair)
}

t.test('certificate and JWT-SVID together, or nothing', async (t) => {
  const test = await startTestGateway({
    bundle: WIDE.bundle ?? '',
    config: (text) => `${text}tokenSource: { kind: presented, audience: "${AUDIENCE}" }\n`,
  })
  t.teardown(() => test.close())
  const ask = async (role: string, token: string | undefined): Promise<string> => {
    const connection = await openTls(clientOptions(test, test.svid(role)))
    const header = token === undefined ? '' : `x-svidgate-jwt-svid: ${token}\r\n`
    connection.write(LIST_REPORTS.replace('host:', `${header}host:`))
    const { status, body } = await connection.answer()
    connection.socket.destroy()
    return `${status} ${/ERR_SG_\w+/.exec(body.toString())?.[0] ?? ''}`
  }
  const token = tokenOf('keeper')
  t.equal(await ask('keeper', token), '403 ERR_SG_SVID_CHAIN', 'a PEM bundle has no JWT keys')
  const x5c = [new X509Certificate(test.domain.caPem).raw.toString('base64')]
  const { publicKey } = new X509Certificate(test.domain.caPem)
  const authority = { ...publicKey.export({ format: 'jwk' }), use: 'x509-svid', x5c }
  const keys = [authority, bundleKey(pair)]
  await writeFile(join(test.dir, 'bundle.pem'), JSON.stringify({ keys }))
  t.same(await test.gateway.reload(await test.load()), [])

  t.equal(await ask('keeper', token), '200 ', 'the control')
  t.equal(await ask('keeper', undefined), '403 ERR_SG_SVID_MISSING')
  t.equal(await ask('writer', token), '403 ERR_SG_SVID_ID', 'another agent’s token')
  const seen = test.cloud.requests.flatMap(({ headers }) => headers.map(([name]) => name))
  t.ok(seen.length > 0)
  t.notOk(
    seen.some((name) => /svidgate/i.test(name)),
    'the header is never forwarded',
  )
  const [, claims = 'x', signature = 'x'] = token.split('.')
  const records = JSON.stringify(await test.stop())
  for (const text of [records, test.log.join('\n')]) {
    t.notOk(text.includes(claims) || text.includes(signature), 'nor recorded, nor logged')
  }
  t.match(records, /JV\+3/, 'the record says which rule refused')
})
