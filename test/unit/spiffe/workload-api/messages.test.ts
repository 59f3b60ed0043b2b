// The messages of the Workload API are read as another implementation writes them, and what nobody
// writes is refused. Encoder: protobufjs.

import fc from 'fast-check'
import t from 'tap'
import {
  MAX_BUNDLES,
  MAX_SVIDS,
  readX509BundlesResponse,
  readX509SvidResponse,
} from '../../../../gateway/spiffe/workload-api/messages.ts'
import { encoded, type SvidParts } from '../../../support/workload-api.ts'

const SVID: SvidParts = {
  spiffe_id: 'spiffe://example.org/gateway',
  x509_svid: Buffer.from('leaf'),
  x509_svid_key: Buffer.from('key'),
  bundle: Buffer.from('ca'),
  hint: 'internal',
}

const svidMessage = (message: object): Buffer => encoded('FetchX509SVID', message)
const bundlesMessage = (message: object): Buffer => encoded('FetchX509Bundles', message)
/** A field of wire type 2. */
const field = (number: number, content: Buffer): Buffer =>
  Buffer.concat([Buffer.from([number * 8 + 2, content.length]), content])

t.test('an X509SVIDResponse of several SVIDs, in order', (t) => {
  const other = { ...SVID, spiffe_id: 'spiffe://example.org/other', hint: '' }
  const message = { svids: [SVID, other], crl: [Buffer.from('crl')] }
  const read = readX509SvidResponse(svidMessage(message))
  if (!read.ok) throw new Error(read.error)
  t.equal(read.value.length, 2)
  t.equal(read.value[0].spiffeId, SVID.spiffe_id)
  t.equal(read.value[0].chain.toString(), 'leaf')
  t.equal(read.value[0].key.toString(), 'key')
  t.equal(read.value[0].bundle.toString(), 'ca')
  t.equal(read.value[1]?.spiffeId, other.spiffe_id)
  t.end()
})

t.test('an X509BundlesResponse, one domain of it without authorities', (t) => {
  const bundles = { 'spiffe://a.org': Buffer.from('a'), 'spiffe://b.org': Buffer.alloc(0) }
  const read = readX509BundlesResponse(bundlesMessage({ bundles, crl: [Buffer.from('x')] }))
  if (!read.ok) throw new Error(read.error)
  t.same(
    [...read.value].map(([id, der]) => [id, der.toString()]),
    [
      ['spiffe://a.org', 'a'],
      ['spiffe://b.org', ''],
    ],
  )
  t.end()
})

t.test('property: whatever protobufjs writes is read back', (t) => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 }).map((raw) => Buffer.from(raw))
  const entry = fc.record({
    spiffe_id: fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme' }),
    x509_svid: bytes,
    x509_svid_key: bytes,
    bundle: bytes,
  })
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1, maxLength: 4 }), (svids) => {
      const read = readX509SvidResponse(svidMessage({ svids }))
      return (
        read.ok &&
        read.value.every(({ spiffeId, chain, key, bundle }, i) => {
          const wrote = svids[i]
          return (
            wrote?.spiffe_id === spiffeId &&
            wrote.x509_svid.equals(chain) &&
            wrote.x509_svid_key.equals(key) &&
            wrote.bundle.equals(bundle)
          )
        })
      )
    }),
  )
  t.end()
})

t.test('property: no bytes make it throw', (t) => {
  const good = svidMessage({ svids: [SVID, SVID] })
  const mutated = fc
    .tuple(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length))
    .map(([at, byte, end]) => {
      const bytes = Buffer.from(good)
      bytes[at] = byte
      return bytes.subarray(0, end)
    })
  const random = fc.uint8Array({ maxLength: 200 }).map((raw) => Buffer.from(raw))
  fc.assert(
    fc.property(fc.oneof(mutated, random), (bytes) => {
      readX509SvidResponse(bytes)
      readX509BundlesResponse(bytes)
      return true
    }),
    { numRuns: 2000 },
  )
  t.end()
})

t.test('fields of a newer agent are stepped over, whatever their wire type', (t) => {
  const unknown = Buffer.concat([
    Buffer.from('789601', 'hex'), // field 15, a number
    Buffer.from('f9010102030405060708', 'hex'), // field 31, 64 bits
    Buffer.from('fd0101020304', 'hex'), // field 31, 32 bits
    Buffer.from('fa01020909', 'hex'), // field 31, bytes
  ])
  const message = Buffer.concat([unknown, svidMessage({ svids: [SVID] }), unknown])
  t.match(readX509SvidResponse(message), { ok: true, value: [{ spiffeId: SVID.spiffe_id }] })
  t.end()
})

const ONE = svidMessage({ svids: [SVID] })
const REFUSED: readonly (readonly [id: string, message: Buffer, error: RegExp])[] = [
  ['nothing', Buffer.alloc(0), /svids is empty/],
  ['no SVID', svidMessage({ svids: [] }), /svids is empty/],
  ...(['spiffe_id', 'x509_svid', 'x509_svid_key', 'bundle'] as const).map(
    (name) =>
      [
        `an SVID without ${name}`,
        svidMessage({ svids: [SVID, { ...SVID, [name]: '' }] }),
        new RegExp(`${name} is empty`),
      ] as const,
  ),
  [
    'too many SVIDs',
    svidMessage({ svids: Array.from({ length: MAX_SVIDS + 1 }, () => SVID) }),
    /more than 64/,
  ],
  [
    'a hint beyond 1024 bytes',
    svidMessage({ svids: [{ ...SVID, hint: 'h'.repeat(1025) }] }),
    /hint/,
  ],
  ['a message that is cut', ONE.subarray(0, ONE.length - 1), /ends within a field/],
  ['a length beyond the message', Buffer.from([0x0a, 0x7f, 1]), /ends within a field/],
  ['a length of 2^63', Buffer.from('0a80808080808080808001', 'hex'), /ends within a field/],
  ['a number of eleven bytes', Buffer.from(`78${'80'.repeat(11)}`, 'hex'), /ten bytes/],
  ['a number without an end', Buffer.from([0x78, 0x80]), /ends within a number/],
  ['field number 0', Buffer.from([0x02, 0]), /field number 0/],
  ['a group', Buffer.from([0x7b, 0x7c]), /wire type 3/],
  ['svids as a number', Buffer.from([0x08, 1]), /field 1 has wire type 0/],
  [
    'an SVID with two IDs',
    field(1, Buffer.concat([field(1, Buffer.from('a')), field(1, Buffer.from('b'))])),
    /spiffe_id stands twice/,
  ],
  ['an ID that is not UTF-8', svidMessage({ svids: [SVID] }).fill(0xff, 4, 6), /not UTF-8/],
]

for (const [id, message, error] of REFUSED) {
  t.test(`refused: ${id}`, (t) => {
    t.match(readX509SvidResponse(message), { ok: false, error })
    t.end()
  })
}

t.test('bundles: empty, twice one domain, too many', (t) => {
  const entry = field(2, field(1, Buffer.from('spiffe://a.org')))
  const many = Array.from({ length: MAX_BUNDLES + 1 }, (_, i) => [
    `spiffe://d${i}`,
    Buffer.from('x'),
  ])
  t.match(readX509BundlesResponse(Buffer.alloc(0)), { ok: false, error: /bundles is empty/ })
  t.match(readX509BundlesResponse(Buffer.concat([entry, entry])), { ok: false, error: /twice/ })
  t.match(readX509BundlesResponse(field(2, field(2, Buffer.from('x')))), {
    ok: false,
    error: /key/,
  })
  t.match(readX509BundlesResponse(bundlesMessage({ bundles: Object.fromEntries(many) })), {
    ok: false,
    error: /more than 1024/,
  })
  t.end()
})
