import t from 'tap'
import {
  makeTrustBundleSet,
  nextTrustBundleSet,
  parseTrustBundle,
} from '../../../gateway/spiffe/trust-bundle.ts'
import { ALGORITHMS, ecKey, makeCa, makeLeaf, pem, rsaKey } from '../../support/ca.ts'
import type { TestCertificate } from '../../support/ca.ts'
import { trustBundle } from '../../support/trust.ts'

const one = makeCa('One')
const two = makeCa('Two')
const leaf = makeLeaf(one, 'spiffe://example.org/a')

function parse(text: string) {
  return parseTrustBundle('example.org', Buffer.from(text))
}

function jwk(certificate: TestCertificate, fields: object = {}): object {
  return {
    ...certificate.keys.publicKey.export({ format: 'jwk' }),
    use: 'x509-svid',
    x5c: [certificate.der.toString('base64')],
    ...fields,
  }
}

function anchors(text: string): readonly Buffer[] {
  const bundle = parse(text)
  if (!bundle.ok) throw new Error(bundle.error.message)
  return bundle.value.anchors.map(({ certificate }) => certificate.der)
}

t.test(
  'PEM: every certificate is an anchor, text around and duplicates do not matter',
  async (t) => {
    const text = `subject=One\n${pem(one)}\r\n# second\n${pem(two).replaceAll('\n', '\r\n')}${pem(one)}`
    t.strictSame(anchors(text), [one.der, two.der])
  },
)

t.test('SPIFFE bundle: x509-svid keys count, the first of x5c is taken', async (t) => {
  const keys = [
    jwk(one, { x5c: [one.der.toString('base64'), two.der.toString('base64')] }),
    { ...ecKey().publicKey.export({ format: 'jwk' }), use: 'jwt-svid', kid: 'k' },
    jwk(two, { use: undefined }),
    jwk(two, { use: 'sig' }),
    jwk(two, { kty: 'future' }),
    null,
    'x509-svid',
  ]
  t.strictSame(anchors(JSON.stringify({ spiffe_sequence: 7, keys })), [one.der])
})

t.test('SPIFFE bundle: empty or without authorities means that nothing is trusted', async (t) => {
  t.strictSame(anchors('{"keys":[]}'), [])
  t.strictSame(anchors(JSON.stringify({ keys: [jwk(one, { use: 'jwt-svid' })] })), [])
})

t.test('a bundle that cannot be used says what is wrong and how to mend it', async (t) => {
  const weak = makeCa('Weak', { keys: rsaKey(1024), algorithm: ALGORITHMS.rsaSha256 })
  const cases: readonly [string, string, RegExp][] = [
    ['empty file', '', /no certificate/],
    ['other text', 'hello', /no certificate/],
    [
      'private key',
      '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n',
      /PRIVATE KEY/,
    ],
    ['not closed', pem(one).replace(/-----END[^]*/, ''), /not closed/],
    ['not base64', pem(one).replace('MII', 'M*I'), /base64/],
    ['an SVID in it', pem(one, leaf), /certificate 2: it is not a CA/],
    ['a weak key', pem(weak), /1024 bits/],
    ['cut DER', pem({ der: one.der.subarray(0, 100) }), /certificate 1: .*truncated/],
    ['not JSON', '{"keys":', /not JSON/],
    ['no keys', '{}', /"keys"/],
    ['keys of a prototype', '{"__proto__":{"keys":[]}}', /"keys"/],
    ['no x5c', JSON.stringify({ keys: [jwk(one, { x5c: [] })] }), /x5c\[0\]/],
    ['x5c in base64url', JSON.stringify({ keys: [jwk(one, { x5c: ['_-8='] })] }), /x5c\[0\]/],
    ['too large', ' '.repeat(1024 * 1024 + 1), /at most/],
  ]
  for (const [name, text, message] of cases) {
    const bundle = parse(text)
    t.notOk(bundle.ok, name)
    if (bundle.ok) continue
    t.match(bundle.error.message, message, name)
    t.ok(bundle.error.hint.length > 20, 'with a hint')
  }
})

t.test('a set answers for exact names only', async (t) => {
  const set = makeTrustBundleSet([trustBundle('example.org', [one])], 3)
  t.equal(set.revision, 3)
  t.strictSame(set.trustDomains, ['example.org'])
  t.ok(set.get('example.org'))
  t.equal(set.get('org'), undefined)
  t.equal(set.get('a.example.org'), undefined)
  t.equal(set.get('constructor'), undefined)
})

t.test('two bundles of one domain are a mistake of the caller, never merged', async (t) => {
  const bundles = [trustBundle('example.org', [one]), trustBundle('example.org', [two])]
  t.throws(() => makeTrustBundleSet(bundles, 1), TypeError)
})

t.test('the revision grows with the content, and only with it', async (t) => {
  const first = makeTrustBundleSet([trustBundle('a.org', [one, two])], 1)
  const reordered = nextTrustBundleSet(first, [trustBundle('a.org', [two, one])])
  t.equal(reordered, first)
  const less = nextTrustBundleSet(first, [trustBundle('a.org', [two])])
  t.equal(less.revision, 2)
  t.not(less.digest, first.digest)
  const renamed = nextTrustBundleSet(less, [trustBundle('b.org', [two])])
  t.equal(renamed.revision, 3)
  t.equal(nextTrustBundleSet(renamed, []).revision, 4)
})
