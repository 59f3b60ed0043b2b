// No change of a byte anywhere in a chain that is needed in full may be accepted, and none may make
// the validator throw. The seed is printed, so that a failure can be played again.

import { randomInt } from 'node:crypto'
import t from 'tap'
import fc from 'fast-check'
import { verifyX509Svid } from '../../../gateway/spiffe/verify.ts'
import { ALGORITHMS, NOW, makeCa, makeLeaf, rsaKey } from '../../support/ca.ts'
import { derLength, walk } from '../../support/der.ts'
import { trust } from '../../support/trust.ts'

const ID = 'spiffe://example.org/agent/acme/crew/writer'
const BUDGET_MS = 1000
const root = makeCa('Root')
const rsa = makeCa('RSA', { keys: rsaKey(), issuer: root })
const leaf = makeLeaf(rsa, ID, { algorithm: ALGORITHMS.rsaSha256 })
const chain = [leaf.der, rsa.der]
const bundles = trust({ 'example.org': [root] })
const seed = randomInt(2 ** 31)

type Change = (der: Buffer) => Buffer

const position = fc.nat({ max: 1_000_000 })
const replaceByte = fc
  .tuple(position, fc.integer({ min: 1, max: 255 }))
  .map(([at, flip]): Change => (der) => {
    if (der.length === 0) return der
    const copy = Buffer.from(der)
    const i = at % copy.length
    copy.writeUInt8(copy.readUInt8(i) ^ flip, i)
    return copy
  })
const removeBytes = fc
  .tuple(position, fc.integer({ min: 1, max: 40 }))
  .map(([at, count]): Change => (der) => {
    const i = at % der.length
    return Buffer.concat([der.subarray(0, i), der.subarray(i + count)])
  })
const insertBytes = fc
  .tuple(position, fc.uint8Array({ minLength: 1, maxLength: 12 }))
  .map(([at, bytes]): Change => (der) => {
    const i = at % (der.length + 1)
    return Buffer.concat([der.subarray(0, i), bytes, der.subarray(i)])
  })
/** Copies one element over another and mends the outermost length: still well nested. */
const swapElements = fc.tuple(position, position).map(([from, to]): Change => (der) => {
  const spans: [number, number][] = []
  walk(der, (at, _tag, length) => spans.push([at, length]))
  const [a, aLength] = spans[from % spans.length] ?? [0, 0]
  const [b, bLength] = spans[to % spans.length] ?? [0, 0]
  const body = Buffer.concat([
    der.subarray(4, Math.max(4, b)),
    der.subarray(a, a + aLength),
    der.subarray(b + bLength),
  ])
  return Buffer.concat([Buffer.from([0x30]), derLength(body.length), body])
})
const byteChange = fc.oneof(replaceByte, removeBytes, insertBytes)
const changes = fc
  .tuple(fc.option(swapElements), fc.array(byteChange, { maxLength: 3 }))
  .map(([structural, bytes]) => (structural === null ? bytes : [structural, ...bytes]))

t.test(`no changed chain is accepted (seed ${seed})`, async (t) => {
  t.match(verifyX509Svid(chain, bundles, NOW), { ok: true }, 'the unchanged chain is')
  let accepted = 0
  let judged = 0
  const property = fc.property(fc.constantFrom(0, 1), changes, (which, applied) => {
    const original = chain[which] ?? Buffer.of()
    const changed = applied.reduce<Buffer>((der, apply) => apply(der), original)
    if (changed.equals(original)) return true
    judged += 1
    const presented = chain.map((der, i) => (i === which ? changed : der))
    const verdict = verifyX509Svid(presented, bundles, NOW)
    if (verdict.ok) accepted += 1
    return !verdict.ok && verdict.error.rule !== undefined
  })
  fc.assert(property, {
    seed,
    numRuns: 100_000,
    interruptAfterTimeLimit: BUDGET_MS,
    markInterruptAsFailure: false,
  })
  t.equal(accepted, 0)
  t.ok(judged > 200, `${judged} changed chains judged`)
})

t.test(`arbitrary bytes are refused, never thrown at (seed ${seed})`, async (t) => {
  const parts = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 12 })
  const verdicts = fc.sample(parts, { seed, numRuns: 1000 }).map((ders) =>
    verifyX509Svid(
      ders.map((der) => Buffer.from(der)),
      bundles,
      NOW,
    ),
  )
  t.equal(verdicts.filter(({ ok }) => ok).length, 0)
  t.equal(verdicts.length, 1000)
})
