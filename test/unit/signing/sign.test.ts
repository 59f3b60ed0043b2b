// What the signer adds, what it signs, and each rule by which it refuses.

import { createHash, createHmac } from 'node:crypto'
import { inspect } from 'node:util'
import t from 'tap'
import type { Credential } from '../../../gateway/credential/credential.ts'
import type { HeaderLine } from '../../../gateway/request/message.ts'
import { sign } from '../../../gateway/signing/sign.ts'
import { isSignedRequest, type SignedRequest } from '../../../gateway/signing/signed-request.ts'
import { Secret } from '../../../gateway/util/secret.ts'
import { aws4Authorization } from '../../support/independent-signers.ts'
import {
  awsCredential,
  EMPTY_SHA256,
  shapedRequest,
  type ShapedOptions,
} from '../../support/shaped.ts'

const NOW = Date.UTC(2026, 10, 23, 18, 0, 0, 123)
const SCOPE = { region: 'eu-west-1', service: 's3' }

function signed(options: ShapedOptions, credential: Credential = awsCredential()): SignedRequest {
  const result = sign(shapedRequest(options), credential, NOW, SCOPE)
  if (!result.ok) throw new Error(`${result.error.rule ?? ''} ${result.error.detail}`)
  return result.value
}

function valueOf(request: SignedRequest, name: string): string | undefined {
  const lines = request.headers.filter((line) => line[0] === name)
  t.ok(lines.length <= 1, `${name} is there once at most`)
  return lines[0]?.[1]
}

t.test('adds host, date, payload hash, session token and authorization', (t) => {
  const request = signed({})
  t.equal(valueOf(request, 'host'), 's3.eu-west-1.amazonaws.com')
  t.equal(valueOf(request, 'x-amz-date'), '20261123T180000Z')
  t.equal(valueOf(request, 'x-amz-content-sha256'), EMPTY_SHA256)
  t.equal(valueOf(request, 'x-amz-security-token'), awsCredential().sessionToken.reveal())
  t.match(
    valueOf(request, 'authorization'),
    /^AWS4-HMAC-SHA256 Credential=ASIAIOSFODNN7EXAMPLE\/20261123\/eu-west-1\/s3\/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature=[0-9a-f]{64}$/,
  )
  t.end()
})

t.test(
  'signs every x-amz-*, content-type and content-md5, and no header that a hop may edit',
  (t) => {
    const headers: HeaderLine[] = [
      ['user-agent', 'Boto3/1.43'],
      ['accept-encoding', 'identity'],
      ['expect', '100-continue'],
      ['x-amzn-trace-id', 'Root=1-1'],
      ['x-amz-meta-b', 'b'],
      ['content-type', 'text/csv'],
      ['range', 'bytes=0-9'],
      ['x-amz-acl', 'private'],
      ['content-md5', '1B2M2Y8AsgTpgAmY7PhCfg=='],
      ['if-none-match', '*'],
    ]
    const request = signed({ headers })
    t.match(
      valueOf(request, 'authorization'),
      /SignedHeaders=content-md5;content-type;host;x-amz-acl;x-amz-content-sha256;x-amz-date;x-amz-meta-b;x-amz-security-token,/,
    )
    const sent = request.headers.filter((line) => headers.includes(line))
    t.strictSame(sent, headers, 'every header is sent as it was, in its order')
    t.end()
  },
)

t.test('the signed bytes are the bytes on the wire, also beyond ASCII', (t) => {
  const value = Buffer.from('grün  gelb', 'utf8').toString('latin1')
  const credential = awsCredential()
  const request = signed({ headers: [['x-amz-meta-colour', value]] }, credential)
  const canonical = [
    'GET',
    '/reports/2026/q1.csv',
    '',
    'host:s3.eu-west-1.amazonaws.com',
    `x-amz-content-sha256:${EMPTY_SHA256}`,
    'x-amz-date:20261123T180000Z',
    'x-amz-meta-colour:grün gelb',
    `x-amz-security-token:${credential.sessionToken.reveal()}`,
    '',
    'host;x-amz-content-sha256;x-amz-date;x-amz-meta-colour;x-amz-security-token',
    EMPTY_SHA256,
  ].join('\n')
  let key: string | Buffer = `AWS4${credential.secretAccessKey.reveal()}`
  for (const part of ['20261123', 'eu-west-1', 's3', 'aws4_request']) {
    key = createHmac('sha256', key).update(part).digest()
  }
  const expected = createHmac('sha256', key)
    .update('AWS4-HMAC-SHA256\n20261123T180000Z\n20261123/eu-west-1/s3/aws4_request\n')
    .update(createHash('sha256').update(canonical, 'utf8').digest('hex'))
    .digest('hex')
  t.ok(valueOf(request, 'authorization')?.endsWith(`Signature=${expected}`))
  t.end()
})

t.test('carries over target, framing, body and the identity that keys the pool', (t) => {
  const body = Buffer.from('<Delete/>')
  const framing = { kind: 'sized', length: body.length } as const
  const spiffeId = 'spiffe://example.org/agent/acme/data-crew/reader'
  const request = signed({ method: 'POST', path: '/b', query: 'delete=', framing, body, spiffeId })
  t.equal(request.target, '/b?delete=')
  t.equal(request.method, 'POST')
  t.equal(request.framing, framing)
  t.equal(request.body, body)
  t.equal(request.identity, spiffeId)
  t.ok(isSignedRequest(request))
  t.equal(signed({ path: '/b' }).target, '/b', 'no question mark without a query')
  t.end()
})

t.test('a remembered key is used for its own day, region, service and secret only', (t) => {
  const credential = awsCredential()
  const input = {
    method: 'GET',
    authority: 's3.eu-west-1.amazonaws.com',
    path: '/reports/2026/q1.csv',
    query: [],
    headers: {},
    contentSha256: EMPTY_SHA256,
    accessKeyId: credential.accessKeyId,
    sessionToken: credential.sessionToken.reveal(),
  }
  const scopes = [
    { now: NOW, region: 'eu-west-1', service: 's3' },
    { now: NOW + 86_400_000, region: 'eu-west-1', service: 's3' },
    { now: NOW, region: 'us-east-1', service: 's3' },
    { now: NOW, region: 'eu-west-1', service: 's3express' },
    ...Array.from({ length: 20 }, (_, index) => ({
      now: NOW,
      region: `r-${index}`,
      service: 's3',
    })),
  ]
  const others = [credential, awsCredential({ secretAccessKey: new Secret('another') })]
  for (const round of [1, 2]) {
    for (const scope of scopes) {
      for (const used of others) {
        const result = sign(shapedRequest({}), used, scope.now, scope)
        if (!result.ok) throw new Error(result.error.detail)
        const secretAccessKey = used.secretAccessKey.reveal()
        t.equal(
          valueOf(result.value, 'authorization'),
          aws4Authorization({ ...input, ...scope, secretAccessKey }),
          `round ${round}: ${scope.region} ${scope.service}`,
        )
      }
    }
  }
  t.end()
})

interface Refused {
  id: string
  code: string
  rule: string
  shaped?: ShapedOptions
  credential?: Partial<Parameters<typeof awsCredential>[0]>
  scope?: { region: string; service: string }
}

const REFUSED: Refused[] = [
  {
    id: 'credential that was not decided',
    code: 'ERR_SG_CREDENTIAL_CONFIG',
    rule: 'SIGN-1',
    credential: { name: 'other' },
  },
  {
    id: 'route of another provider',
    code: 'ERR_SG_CREDENTIAL_CONFIG',
    rule: 'SIGN-2',
    shaped: { provider: 'gcp' },
  },
  {
    id: 'generic route',
    code: 'ERR_SG_CREDENTIAL_CONFIG',
    rule: 'SIGN-2',
    shaped: { provider: 'http' },
  },
  {
    id: 'expired credential',
    code: 'ERR_SG_CREDENTIAL_UNAVAILABLE',
    rule: 'SIGN-3',
    credential: { expiresAt: NOW },
  },
  {
    id: 'credential without an end',
    code: 'ERR_SG_CREDENTIAL_UNAVAILABLE',
    rule: 'SIGN-3',
    credential: { expiresAt: Number.NaN },
  },
  {
    id: 'region that adds a part to the scope',
    code: 'ERR_SG_CREDENTIAL_CONFIG',
    rule: 'SIGN-4',
    scope: { region: 'eu-west-1/iam', service: 's3' },
  },
  {
    id: 'empty region',
    code: 'ERR_SG_CREDENTIAL_CONFIG',
    rule: 'SIGN-4',
    scope: { region: '', service: 's3' },
  },
  {
    id: 'line break in the scope',
    code: 'ERR_SG_CREDENTIAL_CONFIG',
    rule: 'SIGN-4',
    scope: { region: 'eu-west-1', service: 's3\n' },
  },
  {
    id: 'path without a slash',
    code: 'ERR_SG_UPSTREAM_REFUSED',
    rule: 'SIGN-6',
    shaped: { path: 'b/k' },
  },
  {
    id: 'blank in the path',
    code: 'ERR_SG_UPSTREAM_REFUSED',
    rule: 'SIGN-6',
    shaped: { path: '/b/a HTTP/1.1' },
  },
  {
    id: 'line break in the path',
    code: 'ERR_SG_UPSTREAM_REFUSED',
    rule: 'SIGN-6',
    shaped: { path: '/b\r\nx: y' },
  },
  {
    id: 'query inside the path',
    code: 'ERR_SG_UPSTREAM_REFUSED',
    rule: 'SIGN-6',
    shaped: { path: '/b?acl' },
  },
  {
    id: 'fragment in the path',
    code: 'ERR_SG_UPSTREAM_REFUSED',
    rule: 'SIGN-6',
    shaped: { path: '/b#c' },
  },
  {
    id: 'raw byte in the query',
    code: 'ERR_SG_UPSTREAM_REFUSED',
    rule: 'SIGN-6',
    shaped: { query: 'prefix=\u00e9' },
  },
  {
    id: 'line break in the query',
    code: 'ERR_SG_UPSTREAM_REFUSED',
    rule: 'SIGN-6',
    shaped: { query: 'a=b\n' },
  },
  {
    id: 'presigned query',
    code: 'ERR_SG_UPSTREAM_REFUSED',
    rule: 'SIGN-7',
    shaped: { query: 'X-Amz-Signature=00' },
  },
  {
    id: 'session token in the query',
    code: 'ERR_SG_UPSTREAM_REFUSED',
    rule: 'SIGN-7',
    shaped: { query: 'a=b&x-amz-security-token=t' },
  },
  {
    id: 'SigV2 query',
    code: 'ERR_SG_UPSTREAM_REFUSED',
    rule: 'SIGN-7',
    shaped: { query: 'AWSAccessKeyId=AKIA&Expires=1&Signature=x' },
  },
  {
    id: 'unknown payload sentinel',
    code: 'ERR_SG_UPSTREAM_REFUSED',
    rule: 'SIGN-8',
    shaped: { contentSha256: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' },
  },
  {
    id: 'empty payload hash',
    code: 'ERR_SG_UPSTREAM_REFUSED',
    rule: 'SIGN-8',
    shaped: { contentSha256: '' },
  },
  {
    id: 'upper-case header name',
    code: 'ERR_SG_UPSTREAM_REFUSED',
    rule: 'SIGN-9',
    shaped: { headers: [['X-Amz-Acl', 'public-read']] },
  },
  {
    id: 'line break in a header name',
    code: 'ERR_SG_UPSTREAM_REFUSED',
    rule: 'SIGN-9',
    shaped: { headers: [['a\r\nb', 'c']] },
  },
  {
    id: 'leftover authorization',
    code: 'ERR_SG_UPSTREAM_REFUSED',
    rule: 'SIGN-10',
    shaped: { headers: [['authorization', 'AWS4-HMAC-SHA256 x']] },
  },
  {
    id: 'leftover session token',
    code: 'ERR_SG_UPSTREAM_REFUSED',
    rule: 'SIGN-10',
    shaped: { headers: [['x-amz-security-token', 't']] },
  },
  {
    id: 'leftover S3 Express session',
    code: 'ERR_SG_UPSTREAM_REFUSED',
    rule: 'SIGN-10',
    shaped: { headers: [['x-amz-s3session-token', 't']] },
  },
  {
    id: 'leftover host',
    code: 'ERR_SG_UPSTREAM_REFUSED',
    rule: 'SIGN-10',
    shaped: { headers: [['host', 'evil.test']] },
  },
  {
    id: 'leftover signing time',
    code: 'ERR_SG_UPSTREAM_REFUSED',
    rule: 'SIGN-10',
    shaped: { headers: [['x-amz-date', '20261123T180000Z']] },
  },
  {
    id: 'second payload hash',
    code: 'ERR_SG_UPSTREAM_REFUSED',
    rule: 'SIGN-10',
    shaped: { headers: [['x-amz-content-sha256', EMPTY_SHA256]] },
  },
  {
    id: 'CR in a value',
    code: 'ERR_SG_UPSTREAM_REFUSED',
    rule: 'SIGN-11',
    shaped: { headers: [['x-amz-meta-a', 'b\rc']] },
  },
  {
    id: 'LF in a value',
    code: 'ERR_SG_UPSTREAM_REFUSED',
    rule: 'SIGN-11',
    shaped: { headers: [['range', 'b\nauthorization: c']] },
  },
  {
    id: 'NUL in a value',
    code: 'ERR_SG_UPSTREAM_REFUSED',
    rule: 'SIGN-11',
    shaped: { headers: [['user-agent', 'b\0c']] },
  },
]

for (const row of REFUSED) {
  t.test(`${row.rule} refuses: ${row.id}`, (t) => {
    const shaped = shapedRequest(row.shaped)
    const result = sign(shaped, awsCredential(row.credential ?? {}), NOW, row.scope ?? SCOPE)
    t.notOk(result.ok)
    if (!result.ok) {
      t.equal(result.error.code, row.code)
      t.equal(result.error.rule, row.rule)
    }
    t.end()
  })
}

t.test('a query parameter that only resembles a signature is signed', (t) => {
  t.ok(sign(shapedRequest({ query: 'prefix=X-Amz-Signature%3D1' }), awsCredential(), NOW, SCOPE).ok)
  t.ok(sign(shapedRequest({ query: 'x-id=GetObject' }), awsCredential(), NOW, SCOPE).ok)
  t.end()
})

t.test('kind none sends no proof, and only to its own hosts', (t) => {
  const credential: Credential = {
    kind: 'none',
    name: 'public',
    hosts: ['tickets.example.org'],
    expiresAt: Date.UTC(9999, 11),
    session: 'none',
  }
  const fit = { credential: 'public', authority: 'tickets.example.org', provider: 'http' } as const
  const request = signed({ ...fit, headers: [['accept', '*/*']] }, credential)
  t.strictSame(request.headers, [
    ['host', 'tickets.example.org'],
    ['accept', '*/*'],
  ])
  const other = sign(shapedRequest({ ...fit, authority: 'evil.test' }), credential, NOW, SCOPE)
  t.notOk(other.ok)
  t.equal(other.ok ? '' : other.error.rule, 'SIGN-5', 'SIGN-5 refuses another host')
  const leftover = sign(
    shapedRequest({ ...fit, headers: [['authorization', 'Bearer x']] }),
    credential,
    NOW,
    SCOPE,
  )
  t.equal(leftover.ok ? '' : leftover.error.rule, 'SIGN-10', 'a leftover proof is refused here too')
  t.end()
})

t.test('a credential shows no secret in any printed form', (t) => {
  const credential = awsCredential({
    secretAccessKey: new Secret('canary-secret-key'),
    sessionToken: new Secret('canary-session-token'),
  })
  signed({}, credential)
  const printed = [
    JSON.stringify(credential),
    inspect(credential, { depth: 10, showHidden: true }),
    `${String(credential.secretAccessKey)} ${credential.sessionToken.toString()}`,
  ]
  for (const text of printed) t.notMatch(text, /canary/)
  t.end()
})
