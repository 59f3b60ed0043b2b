// What Google answers about our token never reaches the agent: no 401, and no error that repeats the
// token, whole or in part, plain or compressed, in its body or in a header.

import { brotliCompressSync, gzipSync } from 'node:zlib'
import t from 'tap'
import { forward, type Forwarded } from '../../../gateway/pipeline/forward.ts'
import { beginJourney } from '../../../gateway/pipeline/journey.ts'
import type { Generation } from '../../../gateway/pipeline/ports.ts'
import type { HeaderLine } from '../../../gateway/request/message.ts'
import { sign } from '../../../gateway/signing/sign.ts'
import { ok } from '../../../gateway/util/result.ts'
import { Secret } from '../../../gateway/util/secret.ts'
import { FakeExchange } from '../../support/fake-exchange.ts'
import { head } from '../../support/heads.ts'
import { peer } from '../../support/peers.ts'
import { gcpCredential, shapedRequest } from '../../support/shaped.ts'

/** Every 24 characters of it are others, as those of a real one are. */
const TOKEN = `ya29.d.${Array.from({ length: 64 }, (_, index) => `k${index}-Zq_${index * 7919}`).join('')}=`
const JSON_TYPE: HeaderLine = ['content-type', 'application/json; charset=UTF-8']
const DENIED = JSON.stringify({
  error: {
    code: 403,
    message: 'Access Denied: Table p:d.t: User does not have permission to query table.',
    errors: [{ message: 'Access Denied', domain: 'global', reason: 'accessDenied' }],
    status: 'PERMISSION_DENIED',
  },
})

interface Seen {
  readonly forwarded: Forwarded
  readonly exchange: FakeExchange
  readonly purged: readonly string[]
}

async function answered(
  status: number,
  headers: readonly HeaderLine[],
  body: Buffer | string,
): Promise<Seen> {
  const credential = gcpCredential({ accessToken: new Secret(TOKEN) })
  const exchange = new FakeExchange({
    peer: peer(),
    head: head('GET', '/gcp/bigquery/bigquery/v2/projects/p/datasets', [], 'gw.test'),
    step: () => undefined,
  })
  const purged: string[] = []
  const credentials = { purge: (name: string) => void purged.push(name) }
  const journey = beginJourney({
    id: 'id',
    exchange,
    generation: { credentials } as unknown as Generation,
    now: 0,
    startedAt: 0,
  })
  journey.credential = credential
  const shaped = shapedRequest({ provider: 'gcp', credential: 'gcp-data' })
  const signed = sign(shaped, credential, 0, { region: '', service: '' })
  if (!signed.ok) throw new Error(signed.error.detail)
  const bytes = Buffer.from(body)
  const forwarded = await forward(journey, signed.value, {
    send: (_request, _body, sink) => {
      sink.onHead(status, headers)
      // In pieces: a token that two of them share is one all the same.
      for (let at = 0; at < bytes.length; at += 100) sink.onData(bytes.subarray(at, at + 100))
      sink.onEnd()
      return Promise.resolve(ok({ status, requestId: 'R', bytesIn: bytes.length, bytesOut: 0 }))
    },
    ask: () => Promise.reject(new Error('nothing is looked up')),
    close: () => Promise.resolve(),
  })
  return { forwarded, exchange, purged }
}

const HELD: readonly (readonly [
  id: string,
  status: number,
  headers: readonly HeaderLine[],
  body: Buffer | string,
])[] = [
  ['a 401, whatever it says', 401, [JSON_TYPE], DENIED],
  ['a 401 without a body', 401, [['www-authenticate', 'Bearer realm="x"']], ''],
  ['the whole token', 403, [JSON_TYPE], `{"error":"${TOKEN}"}`],
  ['its beginning', 400, [JSON_TYPE], `Bearer ${TOKEN.slice(0, 60)}…`],
  ['its end', 500, [JSON_TYPE], `…${TOKEN.slice(-60)}`],
  ['a piece of it', 502, [['content-type', 'text/html']], `<p>${TOKEN.slice(101, 149)}</p>`],
  ['it with escapes', 404, [JSON_TYPE], `{"t":"${TOKEN.replace('=', '\\u003d')}"}`],
  ['it behind a long text', 429, [], `${'x'.repeat(100_000)}${TOKEN}`],
  ['a header', 503, [JSON_TYPE, ['x-debug', `auth=${TOKEN}`]], DENIED],
  ['compressed', 403, [JSON_TYPE, ['Content-Encoding', 'gzip']], gzipSync(`{"t":"${TOKEN}"}`)],
  ['packed by brotli', 403, [['content-encoding', 'br']], brotliCompressSync(`{"t":"${TOKEN}"}`)],
  ['a 401 that we cannot read', 401, [['content-encoding', 'zstd']], DENIED],
]

/** Not passed on either, but no fault of the token. */
const UNREADABLE: typeof HELD = [
  ['a coding that we do not know', 403, [['content-encoding', 'zstd']], DENIED],
  ['two codings', 403, [['content-encoding', 'gzip, gzip']], gzipSync(gzipSync(DENIED))],
  ['gzip that is none', 403, [['content-encoding', 'gzip']], DENIED],
  ['a bomb', 403, [['content-encoding', 'gzip']], gzipSync(Buffer.alloc(64 * 1024 * 1024))],
]

for (const [id, status, headers, body] of UNREADABLE) {
  t.test(`${status} is replaced, and the token kept: ${id}`, async (t) => {
    const { forwarded, exchange, purged } = await answered(status, headers, body)
    t.match(forwarded, { end: 'refused', upstreamStatus: status })
    t.notOk(exchange.isHeadWritten)
    t.equal(exchange.text, '')
    t.strictSame(purged, [])
  })
}

for (const [id, status, headers, body] of HELD) {
  t.test(`${status} is replaced, and the token forgotten: ${id}`, async (t) => {
    const { forwarded, exchange, purged } = await answered(status, headers, body)
    t.match(forwarded, {
      end: 'refused',
      status: undefined,
      upstreamStatus: status,
      refusal: { code: 'ERR_SG_CREDENTIAL_UNAVAILABLE' },
    })
    t.notOk(exchange.isHeadWritten)
    t.equal(exchange.text, '')
    t.strictSame(purged, ['gcp-data'])
    t.notMatch(JSON.stringify(forwarded), TOKEN.slice(0, 24))
  })
}

t.test('an error over 256 KiB is not passed on unseen', async (t) => {
  const { forwarded, exchange } = await answered(403, [JSON_TYPE], 'x'.repeat(257 * 1024))
  t.equal(forwarded.end, 'refused')
  t.equal(exchange.text, '')
})

const PASSED: readonly (readonly [
  id: string,
  status: number,
  headers: readonly HeaderLine[],
  body: Buffer | string,
])[] = [
  ['an ordinary denial', 403, [JSON_TYPE], DENIED],
  [
    'an ordinary denial, compressed',
    403,
    [JSON_TYPE, ['content-encoding', 'gzip']],
    gzipSync(DENIED),
  ],
  ['nothing', 404, [], ''],
  ['nothing, compressed', 404, [['content-encoding', 'gzip']], ''],
  ['the words that all tokens begin with', 400, [], 'ya29.d. is no project'],
  ['data, which is the agent’s own', 200, [JSON_TYPE], `{"rows":"${'x'.repeat(500)}"}`],
]

for (const [id, status, headers, body] of PASSED) {
  t.test(`${status} is passed on as it is: ${id}`, async (t) => {
    const { forwarded, exchange, purged } = await answered(status, headers, body)
    t.match(forwarded, { end: 'complete', status, refusal: undefined })
    t.equal(exchange.status, status)
    t.strictSame(exchange.headers, headers)
    t.equal(exchange.text, Buffer.from(body).toString('latin1'))
    t.strictSame(purged, [])
  })
}
