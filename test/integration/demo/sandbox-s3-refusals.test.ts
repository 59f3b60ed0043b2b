// The sandbox S3 refuses every wrong thing with S3's own code. Requests are signed by the `aws4`
// package; each row changes one thing of a request that is otherwise accepted.

import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import t from 'tap'
import type { SandboxAws } from '../../../gateway/demo/sandbox-aws.ts'
import { signWithAws4 } from '../../support/aws4-signer.ts'
import type { Aws4Keys } from '../../support/aws4-signer.ts'
import { sendRaw, xmlText } from '../../support/raw-http.ts'
import type { RawAnswer } from '../../support/raw-http.ts'
import { REGION, startSandbox, WRITER_ROLE } from '../../support/sandbox.ts'

const BODY = 'quarter,total\nq3,42\n'

interface Attempt {
  readonly method?: string
  readonly path?: string
  readonly body?: string
  /** Before signing. */
  readonly headers?: Readonly<Record<string, string>>
  readonly region?: string
  readonly service?: string
  readonly keys?: Partial<Aws4Keys>
  /** Seconds by which the signer's clock is ahead. */
  readonly skew?: number
  /** After signing. */
  readonly tamper?: (signed: Record<string, string | string[]>) => void
  readonly tamperPath?: (path: string) => string
  readonly unsigned?: string
  readonly sentBody?: string
  readonly sentMethod?: string
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function crc32Base64(text: string): string {
  const out = Buffer.alloc(4)
  out.writeUInt32BE(crc32(text))
  return out.toString('base64')
}

function amzDate(skewSeconds: number): string {
  const iso = new Date(Date.now() + skewSeconds * 1000).toISOString()
  return iso.replace(/[-:]|\.\d{3}/g, '')
}

async function attempt(sandbox: SandboxAws, keys: Aws4Keys, row: Attempt): Promise<RawAnswer> {
  const host = sandbox.s3Origin.replace('http://', '')
  const body = row.body ?? (['GET', 'HEAD', 'DELETE'].includes(row.method ?? 'PUT') ? '' : BODY)
  const signed = signWithAws4(
    {
      host,
      method: row.method ?? 'PUT',
      path: row.path ?? '/reports/2026/q3.csv',
      service: row.service ?? 's3',
      region: row.region ?? REGION,
      headers: {
        'X-Amz-Content-Sha256': sha256(body),
        'X-Amz-Date': amzDate(row.skew ?? 0),
        ...(body === '' ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
        ...row.headers,
      },
      body,
      ...(row.unsigned === undefined ? {} : { extraHeadersToIgnore: { [row.unsigned]: true } }),
    },
    { ...keys, ...row.keys },
  )
  const headers: Record<string, string | string[]> = { ...signed.headers }
  row.tamper?.(headers)
  return sendRaw(sandbox.s3Origin, {
    method: row.sentMethod ?? signed.method,
    path: row.tamperPath?.(signed.path) ?? signed.path,
    headers,
    body: row.sentBody ?? body,
  })
}

const CHUNKED = { 'X-Amz-Content-Sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' }

/** An aws-chunked upload of `BODY`; every part of it can be wrong. */
function chunked(
  change: {
    wire?: string
    trailer?: string
    announced?: string
    decoded?: string
    headers?: Readonly<Record<string, string>>
  } = {},
): Attempt {
  const trailer = change.trailer ?? `x-amz-checksum-crc32:${crc32Base64(BODY)}\r\n`
  const wire = change.wire ?? `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n${trailer}\r\n`
  return {
    body: wire,
    headers: {
      ...CHUNKED,
      'Content-Encoding': 'aws-chunked',
      'X-Amz-Trailer': change.announced ?? 'x-amz-checksum-crc32',
      'X-Amz-Decoded-Content-Length': change.decoded ?? String(BODY.length),
      ...change.headers,
    },
  }
}

const size = BODY.length.toString(16)
const trailerLine = `x-amz-checksum-crc32:${crc32Base64(BODY)}`
const big = 'x'.repeat(8192)

const ROWS: readonly (readonly [id: string, row: Attempt, status: number, code?: string])[] = [
  ['control: hex hash', {}, 200],
  ['control: UNSIGNED-PAYLOAD', { headers: { 'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD' } }, 200],
  ['control: unsigned trailer', chunked(), 200],
  [
    'control: Content-MD5',
    { headers: { 'Content-MD5': createHash('md5').update(BODY).digest('base64') } },
    200,
  ],
  ['control: checksum header', { headers: { 'X-Amz-Checksum-Crc32': crc32Base64(BODY) } }, 200],
  ['control: 4 min 50 s fast', { skew: 290 }, 200],
  ['control: 4 min 50 s slow', { skew: -290 }, 200],
  ['control: read', { method: 'GET', path: '/reports/2026/seeded.csv' }, 200],
  ['control: the right owner', { headers: { 'X-Amz-Expected-Bucket-Owner': '123456789012' } }, 200],
  [
    'control: two chunks',
    chunked({
      wire: `2000\r\n${big}\r\n1\r\ny\r\n0\r\nx-amz-checksum-crc32:${crc32Base64(`${big}y`)}\r\n\r\n`,
      decoded: '8193',
    }),
    200,
  ],

  // Who signs
  ['no authorization', { tamper: (h) => delete h['Authorization'] }, 403, 'AccessDenied'],
  [
    'presigned query',
    { tamper: (h) => delete h['Authorization'], tamperPath: (p) => `${p}?X-Amz-Signature=0` },
    403,
    'AccessDenied',
  ],
  ['unknown key', { keys: { accessKeyId: `ASIA${'A'.repeat(16)}` } }, 403, 'InvalidAccessKeyId'],
  ['no session token', { keys: { sessionToken: '' } }, 403, 'InvalidAccessKeyId'],
  ['other token', { keys: { sessionToken: 'IQoJb3JpZ2luX2Vj' } }, 400, 'InvalidToken'],
  ['wrong secret', { keys: { secretAccessKey: 'x'.repeat(40) } }, 403, 'SignatureDoesNotMatch'],
  ['wrong region', { region: 'us-east-1' }, 400, 'AuthorizationHeaderMalformed'],
  ['wrong service', { service: 'sts' }, 400, 'AuthorizationHeaderMalformed'],
  ['clock 5 min 10 s fast', { skew: 310 }, 403, 'RequestTimeTooSkewed'],
  ['clock 5 min 10 s slow', { skew: -310 }, 403, 'RequestTimeTooSkewed'],
  ['no x-amz-date', { tamper: (h) => delete h['X-Amz-Date'] }, 403, 'AccessDenied'],

  // What is signed
  ['other method', { sentMethod: 'POST' }, 403, 'SignatureDoesNotMatch'],
  ['other path', { tamperPath: () => '/reports/2026/q4.csv' }, 403, 'SignatureDoesNotMatch'],
  ['query added', { tamperPath: (p) => `${p}?x-id=PutObject` }, 403, 'SignatureDoesNotMatch'],
  [
    'raw plus in the query',
    {
      method: 'GET',
      path: '/reports?list-type=2&prefix=a',
      tamperPath: (p) => p.replace('prefix=a', 'prefix=+a'),
    },
    400,
    'InvalidURI',
  ],
  [
    'signed header altered',
    { headers: { 'Content-Type': 'text/csv' }, tamper: (h) => (h['Content-Type'] = 'text/html') },
    403,
    'SignatureDoesNotMatch',
  ],
  ['host altered', { tamper: (h) => (h['Host'] = 'other.test') }, 403, 'SignatureDoesNotMatch'],
  [
    'x-amz header unsigned',
    { tamper: (h) => (h['x-amz-acl'] = 'public-read') },
    403,
    'AccessDenied',
  ],
  [
    'content-type unsigned',
    { unsigned: 'content-type', headers: { 'Content-Type': 'text/csv' } },
    403,
    'AccessDenied',
  ],
  [
    'x-amz header twice',
    {
      headers: { 'X-Amz-Acl': 'private' },
      tamper: (h) => (h['X-Amz-Acl'] = ['private', 'public-read']),
    },
    400,
    'InvalidRequest',
  ],
  [
    'content hash missing',
    { tamper: (h) => delete h['X-Amz-Content-Sha256'] },
    400,
    'InvalidRequest',
  ],

  // The body
  ['other body', { sentBody: BODY.replace('42', '43') }, 400, 'XAmzContentSHA256Mismatch'],
  ['hash that is none', { headers: { 'X-Amz-Content-Sha256': 'abc' } }, 400, 'InvalidArgument'],
  [
    'signed chunks',
    { headers: { 'X-Amz-Content-Sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' } },
    501,
    'NotImplemented',
  ],
  [
    'wrong Content-MD5',
    { headers: { 'Content-MD5': createHash('md5').update('x').digest('base64') } },
    400,
    'BadDigest',
  ],
  ['malformed Content-MD5', { headers: { 'Content-MD5': 'AAAA' } }, 400, 'InvalidDigest'],
  ['wrong checksum', { headers: { 'X-Amz-Checksum-Crc32': crc32Base64('x') } }, 400, 'BadDigest'],
  ['malformed checksum', { headers: { 'X-Amz-Checksum-Crc32': 'AA' } }, 400, 'InvalidRequest'],
  ['unknown checksum', { headers: { 'X-Amz-Checksum-Md2': 'AAAA' } }, 501, 'NotImplemented'],
  [
    'transfer-encoding without aws-chunked',
    {
      unsigned: 'content-length',
      headers: { 'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD' },
      tamper: (h) => {
        delete h['Content-Length']
        h['Transfer-Encoding'] = 'chunked'
      },
    },
    411,
    'MissingContentLength',
  ],
  [
    'aws-chunked in a plain upload',
    { headers: { 'Content-Encoding': 'aws-chunked' } },
    400,
    'InvalidRequest',
  ],
  ['body on a GET', { method: 'GET', body: 'x' }, 400, 'InvalidRequest'],

  // aws-chunked
  [
    'chunked: wrong trailer',
    chunked({ trailer: `x-amz-checksum-crc32:${crc32Base64('x')}\r\n` }),
    400,
    'BadDigest',
  ],
  ['chunked: no trailer', chunked({ trailer: '' }), 400, 'MalformedTrailerError'],
  [
    'chunked: other trailer than announced',
    chunked({ announced: 'x-amz-checksum-crc32c' }),
    400,
    'MalformedTrailerError',
  ],
  ['chunked: nothing announced', chunked({ announced: 'x-other' }), 400, 'InvalidRequest'],
  [
    'chunked: decoded length too small',
    chunked({ decoded: String(BODY.length - 1) }),
    400,
    'IncompleteBody',
  ],
  [
    'chunked: decoded length too big',
    chunked({ decoded: String(BODY.length + 1) }),
    400,
    'IncompleteBody',
  ],
  ['chunked: no decoded length', chunked({ decoded: 'x' }), 411, 'MissingContentLength'],
  ['chunked: not framed at all', chunked({ wire: BODY }), 400, 'InvalidRequest'],
  [
    'chunked: cut before the end',
    chunked({ wire: `${size}\r\n${BODY}\r\n0\r\n` }),
    400,
    'IncompleteBody',
  ],
  [
    'chunked: bytes after the end',
    chunked({ wire: `${size}\r\n${BODY}\r\n0\r\n${trailerLine}\r\n\r\nx` }),
    400,
    'InvalidRequest',
  ],
  [
    'chunked: chunk extension',
    chunked({ wire: `${size};chunk-signature=0\r\n${BODY}\r\n0\r\n${trailerLine}\r\n\r\n` }),
    400,
    'InvalidRequest',
  ],
  [
    'chunked: bare line feeds',
    chunked({ wire: `${size}\n${BODY}\n0\n${trailerLine}\n\n` }),
    400,
    'InvalidRequest',
  ],
  [
    'chunked: chunk longer than it says',
    chunked({ wire: `1\r\n${BODY}\r\n0\r\n${trailerLine}\r\n\r\n` }),
    400,
    'InvalidRequest',
  ],
  [
    'chunked: short chunk before the last',
    chunked({ wire: `1\r\nx\r\n1\r\ny\r\n0\r\n${trailerLine}\r\n\r\n`, decoded: '2' }),
    403,
    'InvalidChunkSizeError',
  ],
  [
    'chunked: checksum header and trailer',
    chunked({ headers: { 'X-Amz-Checksum-Crc32': crc32Base64(BODY) } }),
    400,
    'InvalidRequest',
  ],

  // What is asked
  ['unknown bucket', { path: '/nowhere/x' }, 404, 'NoSuchBucket'],
  ['malformed bucket name', { path: '/Reports/x' }, 400, 'InvalidBucketName'],
  ['encoded slash in the bucket', { path: '/reports%2Fx' }, 400, 'InvalidBucketName'],
  ['key of 1025 bytes', { path: `/reports/${'k'.repeat(1025)}` }, 400, 'KeyTooLongError'],
  ['unknown subresource', { path: '/reports/x?acl' }, 501, 'NotImplemented'],
  ['x-id of another operation', { path: '/reports/x?x-id=GetObject' }, 400, 'InvalidArgument'],
  [
    'unknown x-amz header',
    { headers: { 'X-Amz-Object-Lock-Mode': 'GOVERNANCE' } },
    501,
    'NotImplemented',
  ],
  [
    'owner of another account',
    { headers: { 'X-Amz-Expected-Bucket-Owner': '999999999999' } },
    403,
    'AccessDenied',
  ],
  [
    'owner that is no account',
    { headers: { 'X-Amz-Expected-Bucket-Owner': 'me' } },
    400,
    'InvalidBucketOwnerAWSAccountID',
  ],
  ['explicit deny of the role', { path: '/reports/sealed/x' }, 403, 'AccessDenied'],
  ['outside the role', { path: '/foreign?list-type=2', method: 'GET' }, 403, 'AccessDenied'],
  ['missing key, may list', { method: 'GET', path: '/reports/none' }, 404, 'NoSuchKey'],
  ['missing key, may not list', { method: 'GET', path: '/foreign/none' }, 403, 'AccessDenied'],
]

t.test('S3: each wrong thing has its own refusal', async (t) => {
  const { sandbox } = await startSandbox()
  t.teardown(() => sandbox.close())
  const keys = sandbox.issue({ roleArn: WRITER_ROLE })
  for (const [id, row, status, code] of ROWS) {
    const answer = await attempt(sandbox, keys, row)
    t.equal(answer.status, status, `${id}: status`)
    t.equal(xmlText(answer.body, 'Code'), code, `${id}: code`)
    t.ok(answer.headers['x-amz-request-id'], `${id}: request id`)
    const seen = sandbox.requests.at(-1)
    t.equal(seen?.verdict, status === 200 ? 'accepted' : 'refused', `${id}: record`)
  }
  t.notMatch(JSON.stringify(sandbox.requests), /Credential=|IQoJb3JpZ2lu/, 'no secret is recorded')
})

t.test('a session policy narrows the role, and never widens it', async (t) => {
  const { sandbox } = await startSandbox()
  t.teardown(() => sandbox.close())
  const keys = sandbox.issue({
    roleArn: WRITER_ROLE,
    sessionPolicy: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 's3:PutObject', Resource: 'arn:aws:s3:::*/2026/*' }],
    },
  })
  const outcome = async (row: Attempt): Promise<number> =>
    (await attempt(sandbox, keys, row)).status
  t.equal(await outcome({}), 200, 'inside')
  t.equal(await outcome({ path: '/reports/2025/q3.csv' }), 403, 'outside the session policy')
  t.equal(await outcome({ method: 'GET' }), 403, 'an action outside the session policy')
  t.equal(
    await outcome({
      path: '/reports/2026/x',
      headers: { 'X-Amz-Copy-Source': '/reports/2026/seeded.csv' },
      body: '',
    }),
    403,
    'a copy whose source may not be read',
  )
})

t.test('expired credentials are refused', async (t) => {
  let now = Date.now()
  const { sandbox } = await startSandbox({ now: () => now })
  t.teardown(() => sandbox.close())
  const keys = sandbox.issue({ roleArn: WRITER_ROLE, expiresAt: now + 1000 })
  t.equal((await attempt(sandbox, keys, {})).status, 200)
  now += 1000
  const answer = await attempt(sandbox, keys, {})
  t.equal(xmlText(answer.body, 'Code'), 'ExpiredToken')
})

t.test('Expect: 100-continue is answered only to a request that may be carried out', async (t) => {
  const { sandbox } = await startSandbox()
  t.teardown(() => sandbox.close())
  const keys = sandbox.issue({ roleArn: WRITER_ROLE })
  const expect = (path: string): Attempt => ({
    path,
    tamper: (h) => (h['expect'] = '100-continue'),
  })
  const allowed = await attempt(sandbox, keys, expect('/reports/2026/x'))
  t.match(allowed, { status: 200, continued: true })
  const refused = await attempt(sandbox, keys, expect('/reports/sealed/x'))
  t.match(refused, { status: 403, continued: false })
  t.equal(sandbox.requests.at(-1)?.bytesIn, 0, 'no byte of the refused body arrived')
})

t.test('keys keep their bytes, in the path and in the signature', async (t) => {
  const { sandbox } = await startSandbox()
  t.teardown(() => sandbox.close())
  const keys = sandbox.issue({ roleArn: WRITER_ROLE })
  const awkward = [
    'a b',
    'a+b',
    'a=b',
    'a:b',
    '100%',
    'é☺𝄞',
    '..//x/./y',
    "!'()*~",
    'end/',
    '/lead',
  ]
  for (const key of awkward) {
    const encoded = encodeURIComponent(key)
      .replaceAll('%2F', '/')
      .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    const path = `/reports/2026/${encoded}`
    t.equal((await attempt(sandbox, keys, { path, body: key })).status, 200, `put ${key}`)
    const got = await attempt(sandbox, keys, { method: 'GET', path })
    t.equal(got.body, key, `get ${key}`)
  }
})
