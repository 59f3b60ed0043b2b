// Secrets go where they must and nowhere else: each is a word that is looked for in everything that
// the gateway tells anybody (log, records, metrics, admin answers, answers to agents).

import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ask } from '../support/http-client.ts'
import { RawConnection } from '../support/raw-connection.ts'
import { s3Head } from '../support/refusal-scene.ts'
import { startTestGateway, type TestGateway } from '../support/running-gateway.ts'
import { StsTap } from '../support/sts-tap.ts'

const SSE_KEY = Buffer.from('canary-customer-key-of-32-bytes!').toString('base64')
const AGENT_SECRETS = {
  'signature of the agent': 'canarysignature0123456789abcdef',
  'session token of the agent': 'canary-agent-session-token',
  cookie: 'canary-cookie-value',
  'proxy password': 'canary-proxy-password',
  'customer key': SSE_KEY,
  'token in a query': 'canary-query-signature',
  'bearer of another scheme': 'canary-bearer',
  body: 'canary-body-bytes',
  'text of an error': 'canary-inside-an-error',
}

/** Everything that the agent may hold, on one request. */
function secretHead(requestLine: string, ...lines: readonly string[]): string {
  return s3Head(
    requestLine,
    `x-amz-security-token: ${AGENT_SECRETS['session token of the agent']}`,
    `cookie: session=${AGENT_SECRETS.cookie}`,
    `proxy-authorization: Basic ${AGENT_SECRETS['proxy password']}`,
    ...lines,
  ).replace('Signature=00', `Signature=${AGENT_SECRETS['signature of the agent']}`)
}

const body = AGENT_SECRETS.body
const length = `content-length: ${body.length}`
const SSE = [
  'x-amz-server-side-encryption-customer-algorithm: AES256',
  `x-amz-server-side-encryption-customer-key: ${SSE_KEY}`,
]
const KEY = '/aws/s3/reports/2026/k'

const REQUESTS: readonly (readonly [id: string, status: RegExp, bytes: string])[] = [
  ['allowed', /^200/, secretHead(`PUT ${KEY}`, length) + body],
  ['allowed, with a key of its own', /^[245]/, secretHead(`PUT ${KEY}`, length, ...SSE) + body],
  ['denied', /^403/, secretHead('PUT /aws/s3/reports/2025/k', length, ...SSE) + body],
  ['not known', /^403/, secretHead(`PATCH ${KEY}`, length) + body],
  ['a batch delete, denied', /^403/, secretHead('POST /aws/s3/reports?delete', length) + body],
  [
    'presigned',
    /^403/,
    secretHead(`GET ${KEY}?X-Amz-Signature=${AGENT_SECRETS['token in a query']}`),
  ],
  [
    'another scheme',
    /^501/,
    `GET ${KEY} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${AGENT_SECRETS['bearer of another scheme']}\r\n\r\n`,
  ],
  ['malformed', /^400/, secretHead(`PUT ${KEY}`, `${length}x`)],
  ['not to be parsed', /^400/, secretHead(`PUT ${KEY}`, `cookie : ${AGENT_SECRETS.cookie}`)],
]

async function send(test: TestGateway, role: string, bytes: string): Promise<string> {
  const client = new RawConnection(await test.connect(test.svid(role)))
  client.write(bytes)
  await client.answer()
  client.socket.destroy()
  return client.text
}

/** All that the gateway has told, by where. */
async function told(test: TestGateway, answers: readonly string[]): Promise<Map<string, string>> {
  const { healthPort } = test.gateway.listeners
  const socketPath = join(test.dir, 'admin.sock')
  const headers = { host: 'localhost' }
  const places = new Map<string, string>([
    ['metrics', (await ask({ port: healthPort }, { path: '/metrics' })).body],
    ['status', (await ask({ socketPath }, { path: '/v1/status', headers })).body],
    ['config', (await ask({ socketPath }, { path: '/v1/config', headers })).body],
    ['answers', answers.join('\n')],
  ])
  await test.stop()
  const dir = join(test.dir, 'state/audit')
  const files = await Promise.all(
    (await readdir(dir)).map((name) => readFile(join(dir, name), 'utf8')),
  )
  places.set('records', files.join('\n'))
  places.set('log', test.log.join('\n'))
  return places
}

function lookFor(t: Test, secrets: Record<string, string>, places: Map<string, string>): void {
  for (const [place, text] of places) {
    t.ok(text.length > 40, `${place}: there is something to look through`)
    for (const [name, secret] of Object.entries(secrets)) {
      t.ok(secret.length > 8, name)
      t.notOk(text.includes(secret), `${name} in ${place}`)
      t.notOk(text.includes(encodeURIComponent(secret)), `${name}, encoded, in ${place}`)
    }
  }
}

t.test('no secret is told to anybody', async (t) => {
  const sts = new StsTap()
  let isFaulty = false
  const test = await startTestGateway({
    stsServer: sts.start,
    requestMs: () => {
      if (isFaulty) throw new Error(AGENT_SECRETS['text of an error'])
      return performance.now()
    },
  })
  t.teardown(() => test.close())
  const answers: string[] = []
  for (const [id, status, bytes] of REQUESTS) {
    const text = await send(test, 'writer', bytes)
    t.match(/HTTP\/1\.1 (\d+)/.exec(text)?.[1], status, id)
    answers.push(text)
  }
  t.ok(
    test.cloud.requests.some(({ headers }) => headers.some(([, value]) => value === SSE_KEY)),
    'the customer key did reach the cloud',
  )
  isFaulty = true
  const client = new RawConnection(await test.connect(test.svid('writer')))
  client.write(secretHead(`GET ${KEY}`))
  await client.untilClosed()
  answers.push(client.text)
  isFaulty = false
  const [call] = sts.calls
  const issued = (name: string): string =>
    new RegExp(`<${name}>([^<]*)<`).exec(call?.answer?.body ?? '')?.[1] ?? ''
  const jwt = call?.parameters.get('WebIdentityToken') ?? ''
  const secrets = {
    ...AGENT_SECRETS,
    'secret key of the session': issued('SecretAccessKey'),
    'token of the session': issued('SessionToken'),
    'key id of the session': issued('AccessKeyId'),
    'our own token': jwt,
    'its signature': jwt.slice(jwt.lastIndexOf('.') + 1),
    'private key of the server': keyLine(await readFile(join(test.dir, 'gateway.key.pem'), 'utf8')),
  }
  lookFor(t, secrets, await told(test, answers))
})

t.test('nor by a token endpoint that sends our token back in its refusal', async (t) => {
  const sts = new StsTap()
  sts.script = ({ parameters }) => ({
    status: 400,
    body: `<ErrorResponse><Error><Type>Sender</Type><Code>InvalidIdentityToken</Code><Message>not ${parameters.get('WebIdentityToken')}</Message></Error><RequestId>r</RequestId></ErrorResponse>`,
  })
  const test = await startTestGateway({ stsServer: sts.start })
  t.teardown(() => test.close())
  const text = await send(test, 'writer', s3Head(`PUT ${KEY}`, 'content-length: 0'))
  t.match(text, /ERR_SG_CREDENTIAL_CONFIG/)
  const jwt = sts.calls[0]?.parameters.get('WebIdentityToken') ?? ''
  const signature = jwt.slice(jwt.lastIndexOf('.') + 1)
  lookFor(t, { 'our own token': jwt, 'its signature': signature }, await told(test, [text]))
})

/** A line from the middle of a PEM file. */
function keyLine(pem: string): string {
  return pem.split('\n')[1] ?? ''
}
