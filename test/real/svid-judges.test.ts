// Whatever our validator accepts, two others accept: Go's crypto/x509 with the SPIFFE rules on top
// (test/real/svid/judge.go), and `openssl verify`. Where they do not, the row is listed with the
// reason. The opposite is not asked: both are more forgiving than the profile.

import { execFile, execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import type { Test } from 'tap'
import type { TrustBundleSet } from '../../gateway/spiffe/trust-bundle.ts'
import { verifyX509Svid } from '../../gateway/spiffe/verify.ts'
import { ALGORITHMS, NOW, pem } from '../support/ca.ts'
import { dice, makeMutator } from '../support/certificate-mutations.ts'
import { bits, seq } from '../support/der.ts'
import { readTree } from '../support/der-tree.ts'
import { fuzzCertificates, fuzzChain } from '../support/fuzz-certificates.ts'
import { fuzzRuns, fuzzSeed } from '../support/fuzz-runs.ts'
import { repositoryRoot } from '../support/test-data.ts'
import { trust } from '../support/trust.ts'
import { accepts, rejects } from '../conformance/svid/rows.ts'

interface Case {
  readonly id: string
  readonly spiffeId: string
  readonly chain: readonly Buffer[]
  readonly roots: readonly Buffer[]
  /** ms since the epoch. */
  readonly at: number
}

/** Rows that Go refuses, and why we do not. */
const HOST = 'SPIFFE-ID.md §2.1 has more trust domains than Go has host names'
const SELF_ISSUED = 'RFC 5280 §6.1.4 (l), §6.1.3 (b): a key rollover does not count; Go counts it'
const GO_REFUSES = new Map<string, string>([
  ['ID-2/empty-labels', HOST],
  ['control of XV+b5/trailing-dot', HOST],
  ['control of XV+b5/empty-label', HOST],
  ['XV+b3/self-issued', SELF_ISSUED],
  ['control of XV+b3/below-self-issued', SELF_ISSUED],
  ['XV+b5/self-issued', SELF_ISSUED],
  ['control of XV+b4/policy-constraints', 'not critical; policies are no part of the profile'],
  ['control of XV+b5/directory', 'Go refuses every constraint on directory names, needed or not'],
])

/** Extensions that are not critical and that we do not read; Go reads them, here as nonsense. */
const GO_READS_MORE = /polic|CRL|authority info|issuer alternative/i

/** Rows that OpenSSL refuses, and why we do not. */
const INCLUSIVE = 'RFC 5280 §4.1.2.5: notAfter is still valid; to OpenSSL it is over'
const ROLLOVER = 'OpenSSL takes a self-issued certificate without key identifier for self-signed'
const ONE_PATH = 'OpenSSL tries one issuer of the name and does not come back'
const OPENSSL_REFUSES = new Map<string, string>([
  ['XV-6/last-instant', INCLUSIVE],
  ['XV-6/root-last-instant', INCLUSIVE],
  ['control of XV-6/intermediate', INCLUSIVE],
  ['control of XV-6/root', INCLUSIVE],
  ['XV+b3/self-issued', ROLLOVER],
  ['control of XV+b3/below-self-issued', ROLLOVER],
  ['XV+b5/self-issued', ROLLOVER],
  ['XV+b9/any', 'to OpenSSL anyExtendedKeyUsage is not clientAuth'],
  ['XV+c/same-dn-0', ONE_PATH],
  ['XV+c/same-dn-1', ONE_PATH],
  ['XV+c/misleading-aki', ONE_PATH],
  ['XV+c/cross-a', ONE_PATH],
  ['XV+d/key-id-of-issuer', 'the name in it is not the issuer’s; to us a hint'],
])

function rootsOf(bundles: TrustBundleSet, spiffeId: string): readonly Buffer[] {
  const bundle = bundles.get(spiffeId.split('/')[2] ?? '')
  return (bundle?.anchors ?? []).map(({ certificate }) => certificate.der)
}

/** Every row that we accept, the controls of the rows that we refuse included. */
function acceptedCases(): readonly Case[] {
  const own = accepts.map((row) => ({ ...row, at: row.at ?? NOW }))
  const controls = rejects.map((row) => ({
    id: `control of ${row.id}`,
    chain: row.control,
    bundles: row.controlBundles ?? row.bundles,
    at: row.controlAt ?? row.at ?? NOW,
  }))
  const seen = new Set<string>()
  const cases: Case[] = []
  for (const { id, chain, bundles, at } of [...own, ...controls]) {
    const verdict = verifyX509Svid(chain, bundles, at)
    if (!verdict.ok) throw new Error(`${id}: ${verdict.error.detail}`)
    const spiffeId = verdict.value.id.text
    const roots = rootsOf(bundles, spiffeId)
    const key = `${at} ${[...chain, ...roots].map((der) => der.toString('hex')).join()}`
    if (!seen.has(key)) cases.push({ id, spiffeId, chain, roots, at })
    seen.add(key)
  }
  return cases
}

/** Leaves that a careless CA signed and that we accept all the same. */
function carelessCases(seed: number, runs: number): readonly Case[] {
  const { root, intermediate, leaf } = fuzzChain('ecdsa')
  const bundles = trust({ 'example.org': [root] })
  const mutator = makeMutator(dice(seed), fuzzCertificates())
  const tree = readTree(leaf.tbs)
  const { id: algorithm, sign } = ALGORITHMS.ecdsaSha256
  const cases: Case[] = []
  for (let run = 0; run < runs; run += 1) {
    const tbs = mutator.tree(tree)
    const der = seq(tbs, algorithm, bits(sign(tbs, intermediate.keys.privateKey)))
    const chain = [der, intermediate.der]
    const verdict = verifyX509Svid(chain, bundles, NOW)
    if (!verdict.ok) continue
    const spiffeId = verdict.value.id.text
    cases.push({ id: `run ${run}`, spiffeId, chain, roots: [root.der], at: NOW })
  }
  return cases
}

interface GoVerdict {
  readonly id: string
  readonly spiffeId?: string
  readonly error?: string
}

function judgeOf(t: Test): (cases: readonly Case[]) => ReadonlyMap<string, GoVerdict> {
  const binary = join(t.testdir(), 'judge')
  execFileSync('go', ['build', '-o', binary, join(repositoryRoot(), 'test/real/svid/judge.go')], {
    env: { ...process.env, GOTOOLCHAIN: 'local', GO111MODULE: 'off' },
  })
  return (cases) => {
    const input = cases.map(({ id, chain, roots, at }) => ({
      id,
      at,
      chain: chain.map((der) => der.toString('base64')),
      roots: roots.map((der) => der.toString('base64')),
    }))
    const output = execFileSync(binary, {
      input: JSON.stringify(input),
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    })
    const verdicts = JSON.parse(output) as readonly GoVerdict[]
    return new Map(verdicts.map((verdict) => [verdict.id, verdict]))
  }
}

t.test('Go’s crypto/x509 accepts what we accept, as the same identity', async (t) => {
  const judge = judgeOf(t)
  const cases = acceptedCases()
  t.ok(cases.length > 150, `${cases.length} cases`)
  const verdicts = judge(cases)
  for (const { id, spiffeId } of cases) {
    const verdict = verdicts.get(id)
    if (GO_REFUSES.has(id)) t.type(verdict?.error, 'string', `${id}: ${GO_REFUSES.get(id)}`)
    else t.equal(verdict?.error ?? verdict?.spiffeId, spiffeId, id)
  }
  const seed = fuzzSeed()
  const careless = carelessCases(seed, fuzzRuns(0.05))
  t.ok(careless.length > 0, `${careless.length} careless certificates (seed ${seed})`)
  const others = judge(careless)
  for (const { id, spiffeId, chain } of careless) {
    const verdict = others.get(id)
    if (verdict?.spiffeId === spiffeId || GO_READS_MORE.test(verdict?.error ?? '')) continue
    t.fail(`${id} (seed ${seed}): ${verdict?.error}`, { der: chain[0]?.toString('hex') })
  }
})

t.test('Go refuses the faults that it knows', async (t) => {
  const judge = judgeOf(t)
  const cases = rejects.map(({ id, chain, bundles, at }) => ({
    id,
    chain,
    spiffeId: '',
    roots: rootsOf(bundles, 'spiffe://example.org/'),
    at: at ?? NOW,
  }))
  const verdicts = judge(cases)
  const refused = cases.filter(({ id }) => verdicts.get(id)?.error !== undefined)
  t.ok(refused.length > cases.length / 2, `${refused.length} of ${cases.length}`)
})

const run = promisify(execFile)

async function opensslProblem(dir: string, one: Case): Promise<string | undefined> {
  const file = (name: string, ders: readonly Buffer[]): string => {
    const path = join(dir, name)
    writeFileSync(path, pem(...ders.map((der) => ({ der }))))
    return path
  }
  const [leaf, ...rest] = one.chain
  const untrusted = rest.length === 0 ? [] : ['-untrusted', file('rest.pem', rest)]
  try {
    await run('openssl', [
      'verify',
      '-partial_chain',
      '-purpose',
      'sslclient',
      '-attime',
      String(Math.floor(one.at / 1000)),
      '-no-CApath',
      '-no-CAstore',
      '-CAfile',
      file('roots.pem', one.roots),
      ...untrusted,
      file('leaf.pem', leaf === undefined ? [] : [leaf]),
    ])
    return undefined
  } catch (error) {
    if (typeof error !== 'object' || error === null || !('stderr' in error)) throw error
    return String(error.stderr)
  }
}

t.test('openssl verify accepts what we accept', async (t) => {
  const dir = t.testdir()
  for (const one of acceptedCases()) {
    // Which of two namesakes OpenSSL takes depends on their bytes: nothing is asked of these rows.
    if (OPENSSL_REFUSES.has(one.id)) continue
    t.equal(await opensslProblem(dir, one), undefined, one.id)
  }
})
