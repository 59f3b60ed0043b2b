// A SPIFFE bundle as an endpoint serves it: BN rows of the conformance table.

import { X509Certificate } from 'node:crypto'
import t from 'tap'
import { parseBundleDocument } from '../../../gateway/spiffe/bundle-document.ts'
import { MAX_BUNDLE_BYTES } from '../../../gateway/spiffe/trust-bundle.ts'
import { makeCa, makeLeaf, pem } from '../../support/ca.ts'

const ca = makeCa('partner')
const other = makeCa('other')

/** The JWK of a CA, its public members as node:crypto exports them. */
function jwk(certificate: typeof ca, changes: object = {}): object {
  const { publicKey } = new X509Certificate(pem(certificate))
  const x5c = [certificate.der.toString('base64')]
  return { use: 'x509-svid', ...publicKey.export({ format: 'jwk' }), x5c, ...changes }
}

const read = (document: object | string) =>
  parseBundleDocument(
    'partner.org',
    Buffer.from(typeof document === 'string' ? document : JSON.stringify(document)),
  )

function anchors(document: object | string): readonly string[] {
  const result = read(document)
  if (!result.ok) throw new Error(result.error)
  return result.value.bundle.anchors.map(({ certificate }) => certificate.der.toString('base64'))
}

const CA = ca.der.toString('base64')

t.test('keys, sequence and hint', (t) => {
  const document = { keys: [jwk(ca)], spiffe_sequence: 42, spiffe_refresh_hint: 60 }
  t.match(read(document), { ok: true, value: { sequence: 42n, refreshHintSeconds: 60 } })
  t.same(anchors(document), [CA])
  t.match(read({ keys: [] }), { value: { sequence: undefined, refreshHintSeconds: undefined } })
  t.end()
})

t.test('a sequence of 64 bits keeps its last digit', (t) => {
  const text = '{"keys":[],"spiffe_sequence":18446744073709551615}'
  t.match(read(text), { ok: true, value: { sequence: 18446744073709551615n } })
  t.end()
})

t.test('keys of other uses and types are for others; of x5c the first counts', (t) => {
  const keys = [
    jwk(other, { use: 'jwt-svid', kid: 'a' }),
    jwk(other, { use: 'wit-svid', kid: 'b' }),
    jwk(other, { use: undefined }),
    jwk(other, { kty: 'new' }),
    jwk(ca, { x5c: [CA, other.der.toString('base64')] }),
  ]
  t.same(anchors({ keys }), [CA])
  t.end()
})

const leaf = makeLeaf(ca, 'spiffe://partner.org/a')

const REFUSED: readonly (readonly [id: string, document: object | string, error: RegExp])[] = [
  ['no JSON', 'nothing', /not JSON/],
  ['PEM', pem(ca), /not JSON/],
  ['a list', '[]', /no JWKS/],
  ['no keys', '{}', /no JWKS/],
  ['keys that are no list', { keys: {} }, /no JWKS/],
  ['a member that stands twice', '{"keys":[],"keys":[]}', /duplicate key/],
  ['a sequence with a fraction', '{"keys":[],"spiffe_sequence":1.5}', /whole number/],
  ['a negative sequence', '{"keys":[],"spiffe_sequence":-1}', /whole number/],
  ['a sequence as a text', '{"keys":[],"spiffe_sequence":"1"}', /whole number/],
  ['a sequence of 40 digits', `{"keys":[],"spiffe_sequence":${'9'.repeat(40)}}`, /whole number/],
  ['a hint as a text', '{"keys":[],"spiffe_refresh_hint":"1"}', /whole number/],
  ['an authority without a certificate', { keys: [jwk(ca, { x5c: undefined })] }, /x5c/],
  ['an authority with a broken one', { keys: [jwk(ca, { x5c: ['AAAA'] })] }, /certificate 1/],
  ['an SVID as an authority', { keys: [jwk(leaf)] }, /not a CA/],
  ['text after its end', '{"keys":[]} x', /text after/],
  ['too many bytes', `{"keys":[]}${' '.repeat(MAX_BUNDLE_BYTES)}`, /more than/],
]

for (const [id, document, error] of REFUSED) {
  t.test(`refused: ${id}`, (t) => {
    t.match(read(document), { ok: false, error })
    t.end()
  })
}

t.test('refused: bytes that are not UTF-8', (t) => {
  const bytes = Buffer.concat([
    Buffer.from('{"keys":[],"a":"'),
    Buffer.from([0xff]),
    Buffer.from('"}'),
  ])
  t.match(parseBundleDocument('partner.org', bytes), { ok: false, error: /UTF-8/ })
  t.end()
})
