import t from 'tap'
import { GatewayError } from '../../../gateway/errors.ts'
import { createLogger } from '../../../gateway/telemetry/logger.ts'
import type { Logger, LogLevel } from '../../../gateway/telemetry/logger.ts'
import { Secret } from '../../../gateway/util/secret.ts'

interface Captured {
  readonly log: Logger
  readonly lines: () => Record<string, unknown>[]
  readonly text: () => string
}

function capture(level: LogLevel = 'debug'): Captured {
  let text = ''
  const log = createLogger({
    level,
    clock: { now: () => Date.parse('2026-11-23T18:00:00.123Z') },
    destination: { write: (line) => (text += line) },
  })
  return {
    log,
    text: () => text,
    lines: () =>
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  }
}

t.test('a line is JSON with level, time and event, and nothing of the host', async (t) => {
  const { log, lines } = capture()
  log.info('started', { port: 8443 })
  log.child({ component: 'audit' }).warn('slow')
  t.strictSame(lines(), [
    { level: 'info', time: '2026-11-23T18:00:00.123Z', port: 8443, msg: 'started' },
    { level: 'warn', time: '2026-11-23T18:00:00.123Z', component: 'audit', msg: 'slow' },
  ])
})

t.test('levels below the configured one are silent', async (t) => {
  const { log, lines } = capture('warn')
  log.debug('a')
  log.info('b')
  log.warn('c')
  log.error('d')
  t.strictSame(
    lines().map((line) => line['msg']),
    ['c', 'd'],
  )
  const silent = capture('silent')
  silent.log.error('e')
  t.equal(silent.text(), '')
})

t.test('our errors print code and detail, others their code and place alone', async (t) => {
  const { log, lines, text } = capture()
  const cause = Object.assign(new Error('connect canary'), { code: 'ECONNREFUSED' })
  log.error('failed', {
    err: new GatewayError('ERR_SG_UPSTREAM_UNREACHABLE', 'sts', { cause }),
  })
  log.error('failed', { err: new TypeError('canary in a message') })
  let parseError: unknown
  try {
    JSON.parse('{"canary":')
  } catch (error) {
    parseError = error
  }
  log.error('failed', { err: parseError })
  t.notMatch(text(), /canary/)
  t.match(lines(), [
    {
      err: { code: 'ERR_SG_UPSTREAM_UNREACHABLE', detail: 'sts', cause: { code: 'ECONNREFUSED' } },
    },
    { err: { code: 'TypeError', at: [/^at /] } },
    { err: { code: 'SyntaxError', at: [/^at /] } },
  ])
})

const JWT =
  'eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.eyJzdWIiOiJjYW5hcnkiLCJhdWQiOiJzdHMifQ.c2lnbmF0dXJlLWNhbmFyeQ'

t.test('no credential gets through, by its name or by its form', async (t) => {
  const canaries: readonly (readonly [string, object])[] = [
    ['a Secret', { value: new Secret('CANARY') }],
    ['an authorization header', { headers: { Authorization: 'CANARY' } }],
    ['a session token', { sessionToken: 'CANARY', 'x-amz-security-token': 'CANARY' }],
    ['a secret in a list', { items: [{ client_secret: 'CANARY' }] }],
    ['a secret in a map', { map: new Map([['SecretAccessKey', 'CANARY']]) }],
    ['a body', { body: { a: 'CANARY' } }],
    ['bytes', { data: Buffer.from('CANARY') }],
    ['a deep object', { a: { b: { c: { d: { e: { f: 'CANARY' } } } } } }],
    ['a bearer scheme in a text', { note: 'sent Bearer CANARY.x' }],
    [
      'a SigV4 header in a text',
      { note: 'AWS4-HMAC-SHA256 Credential=CANARY/x, Signature=CANARY' },
    ],
    ['a presigned URL', { url: 'https://b/k?X-Amz-Credential=CANARY&X-Amz-Signature=CANARY&a=1' }],
    ['a SAS', { url: 'https://a/b?sv=1&sig=CANARY%3D' }],
    ['a private key', { note: '-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----' }],
    ['a Google token', { note: 'ya29.CANARY-x' }],
    ['an AWS key id', { note: 'key ASIACANARYCANARYCANA is' }],
    ['a detail of ours', { err: new GatewayError('ERR_SG_INTERNAL', 'got Bearer CANARY') }],
    ['a function', { f: () => 'CANARY' }],
  ]
  for (const [id, fields] of canaries) {
    const { log, text } = capture()
    log.error('canary test', { ...fields })
    log.child({ ...fields }).error('canary test')
    t.notMatch(text(), /CANARY/, id)
    t.equal(text().trimEnd().split('\n').length, 2, id)
  }
  const { log, text } = capture()
  log.info('token', { note: `assertion ${JWT} refused` })
  t.notMatch(text(), /eyJ|c2lnbm/)
  t.match(text(), /assertion \[redacted\] refused/)
})

t.test('what tells nothing is kept', async (t) => {
  const { log, lines } = capture()
  log.info('kept', { credential_name: 'aws-data', token: true, signature: 3, nothing: null })
  t.match(lines()[0], { credential_name: 'aws-data', token: true, signature: 3, nothing: null })
})

t.test('B24: no field can begin a second line, and none is without bound', async (t) => {
  const { log, lines, text } = capture()
  log.info('hostile', {
    path: '/x\r\n{"level":"error"}\u001b[2J',
    long: 'x'.repeat(100_000),
    many: Array.from({ length: 10_000 }, () => 'y'),
  })
  t.equal(lines().length, 1)
  // oxlint-disable-next-line no-control-regex -- that is the point
  t.notMatch(text().trimEnd(), /[\u0000-\u001f]/)
  t.ok(text().length < 5000)
})
