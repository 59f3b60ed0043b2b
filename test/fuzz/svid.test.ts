// The validator under mutated chains. Without the CA's key no change of a needed byte is accepted;
// with it (a CA that signs nonsense) what is accepted is an SVID to a second reader too, with the
// identity that its only URI SAN says.

import { X509Certificate } from 'node:crypto'
import t from 'tap'
import { verifyX509Svid } from '../../gateway/spiffe/verify.ts'
import { ALGORITHMS, NOW } from '../support/ca.ts'
import type { TestCertificate } from '../support/ca.ts'
import { dice, makeMutator } from '../support/certificate-mutations.ts'
import type { Dice, Mutator } from '../support/certificate-mutations.ts'
import { bits, seq } from '../support/der.ts'
import { readTree } from '../support/der-tree.ts'
import { FUZZ_ID, fuzzCertificates, fuzzChain } from '../support/fuzz-certificates.ts'
import { fuzzRuns, fuzzSeed } from '../support/fuzz-runs.ts'
import { trust } from '../support/trust.ts'

const seed = fuzzSeed()

t.test(`no chain without its needed bytes is accepted (seed ${seed})`, async (t) => {
  const { root, intermediate, leaf } = fuzzChain()
  const bundles = trust({ 'example.org': [root] })
  const good = [leaf.der, intermediate.der]
  t.match(verifyX509Svid(good, bundles, NOW), { ok: true }, 'the chain itself is')
  const given = dice(seed)
  const present = chainMutation(given, good, [...fuzzCertificates(), root.der])
  const counts = { runs: fuzzRuns(0.12), accepted: 0 }
  for (let run = 0; run < counts.runs; run += 1) {
    const chain = present()
    const verdict = verifyX509Svid(chain, bundles, NOW)
    if (!verdict.ok) {
      if (verdict.error.rule === undefined) t.fail(`run ${run}: a refusal without its rule`)
      continue
    }
    counts.accepted += 1
    const isWhole =
      chain[0]?.equals(leaf.der) === true && chain.some((der) => der.equals(intermediate.der))
    if (!isWhole || verdict.value.id.text !== FUZZ_ID) {
      t.fail(`run ${run}`, { chain: chain.map((der) => der.toString('hex')) })
    }
  }
  t.ok(counts.accepted < counts.runs / 2, JSON.stringify(counts))
})

/** One certificate changed, or the list of them. */
function chainMutation(given: Dice, good: readonly Buffer[], strangers: readonly Buffer[]) {
  const mutator = makeMutator(given, [...good, ...strangers])
  const trees = good.map(readTree)
  return (): readonly Buffer[] => {
    const chain = [...good]
    const at = given.roll(chain.length)
    const stranger = strangers[given.roll(strangers.length)] ?? Buffer.of()
    const form = given.roll(10)
    if (form < 5) chain[at] = mutator.bytes(chain[at] ?? Buffer.of())
    else if (form < 9) chain[at] = changedTree(mutator, trees[at])
    else if (given.roll(2) === 0) chain.splice(at, 1, stranger)
    else chain.splice(at, 0, stranger)
    return chain
  }
}

function changedTree(mutator: Mutator, tree: ReturnType<typeof readTree> | undefined): Buffer {
  if (tree === undefined) throw new Error('no tree')
  return mutator.tree(tree)
}

t.test(`what a careless CA signs is read as others read it (seed ${seed})`, async (t) => {
  const { root, intermediate, leaf } = fuzzChain('ecdsa')
  const bundles = trust({ 'example.org': [root] })
  const given = dice(seed)
  const mutator = makeMutator(given, fuzzCertificates())
  const tree = readTree(leaf.tbs)
  const counts = { runs: fuzzRuns(0.03), accepted: 0 }
  for (let run = 0; run < counts.runs; run += 1) {
    const tbs = mutator.tree(tree)
    const der = signedBy(intermediate, tbs)
    const verdict = verifyX509Svid([der, intermediate.der], bundles, NOW)
    if (!verdict.ok) continue
    counts.accepted += 1
    const problem = secondOpinion(der, intermediate, verdict.value.id.text)
    if (problem !== undefined) t.fail(`run ${run}: ${problem}`, { der: der.toString('hex') })
  }
  t.ok(counts.accepted > 0 && counts.accepted < counts.runs / 2, JSON.stringify(counts))
})

function signedBy(issuer: TestCertificate, tbs: Buffer): Buffer {
  const { id, sign } = ALGORITHMS.ecdsaSha256
  return seq(tbs, id, bits(sign(tbs, issuer.keys.privateKey)))
}

/** Why OpenSSL would not call this the SVID of `id`, or nothing. */
function secondOpinion(der: Buffer, issuer: TestCertificate, id: string): string | undefined {
  const theirs = new X509Certificate(der)
  const above = new X509Certificate(issuer.der)
  if (!theirs.verify(above.publicKey)) return 'the signature'
  // Not checkIssued: to OpenSSL key identifiers are more than hints.
  if (theirs.issuer !== above.subject) return 'the issuer'
  if (theirs.ca) return 'a CA'
  if (Date.parse(theirs.validFrom) > NOW || Date.parse(theirs.validTo) < NOW) return 'the time'
  const uris = (theirs.subjectAltName ?? '').match(/URI:[^,]*/g) ?? []
  if (uris.length !== 1 || uris[0] !== `URI:${id}`) return `the identity: ${uris.join()}`
  const purposes: readonly string[] | undefined = theirs.keyUsage
  if (purposes !== undefined && !purposes.includes('1.3.6.1.5.5.7.3.2')) return 'the purpose'
  return undefined
}
