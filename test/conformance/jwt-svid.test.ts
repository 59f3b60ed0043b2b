// The conformance table of JWT-SVID validation (JV) and of the keys that it takes from a bundle (JB).
// Every refusal stands beside a control, so that a validator which refuses everything fails.

import t from 'tap'
import { jwtAuthoritiesOf } from '../../gateway/spiffe/jwt-authority.ts'
import { JWT_SVID_RULES } from '../../gateway/spiffe/jwt-rules.ts'
import { verifyJwtSvid } from '../../gateway/spiffe/jwt-svid-verify.ts'
import {
  makeTrustBundleSet,
  nextTrustBundleSet,
  parseTrustBundle,
  type TrustBundle,
  type TrustBundleSet,
} from '../../gateway/spiffe/trust-bundle.ts'
import { bundleKey, jwt, keyPair } from '../support/jwt-maker.ts'
import {
  accepts,
  AUDIENCE,
  CLAIMS,
  ed,
  GOOD,
  HEADER,
  NOW,
  p256,
  p384,
  p521,
  partner,
  rejects,
  rsa,
  SUBJECT,
} from './jwt-svid/rows.ts'

const OURS = [rsa, p256, p384, p521, ed].map((pair) => bundleKey(pair))

function bundle(trustDomain: string, keys: readonly unknown[]): TrustBundle {
  const parsed = parseTrustBundle(trustDomain, Buffer.from(JSON.stringify({ keys })))
  if (!parsed.ok) throw new Error(parsed.error.message)
  return parsed.value
}

function trustOf(ours: readonly unknown[], theirs: readonly unknown[] = []): TrustBundleSet {
  return makeTrustBundleSet([bundle('example.org', ours), bundle('partner.org', theirs)], 1)
}

const BOTH = trustOf(OURS, [bundleKey(partner)])

async function judge(token: string, bundles = BOTH): Promise<string> {
  const verdict = await verifyJwtSvid(token, { bundles, audience: AUDIENCE, now: NOW })
  return verdict.ok ? verdict.value.id.text : (verdict.error.rule ?? '')
}

for (const row of accepts) {
  t.test(`${row.id} accepts ${row.title}`, async (t) => {
    t.equal(await judge(row.token), row.subject ?? SUBJECT)
  })
}

for (const row of rejects) {
  t.test(`${row.id} refuses ${row.title}`, async (t) => {
    t.equal(await judge(GOOD), SUBJECT, 'the control is accepted')
    const verdict = await verifyJwtSvid(row.token, { bundles: BOTH, audience: AUDIENCE, now: NOW })
    if (verdict.ok) throw new Error('accepted')
    t.equal(verdict.error.rule, row.rule)
    t.equal(verdict.error.code, JWT_SVID_RULES[row.rule].code)
    t.notMatch(verdict.error.detail, /eyJ/, 'and says nothing of the token')
  })
}

const second = keyPair('ec-9', 'P-256')
const bySecond = jwt({ ...HEADER, kid: 'ec-9' }, CLAIMS, second)

t.test('JB-1 a key that is added counts from then on', async (t) => {
  t.equal(await judge(bySecond), 'JV-16', 'not before')
  t.equal(await judge(bySecond, trustOf([...OURS, bundleKey(second)])), SUBJECT)
})

t.test('JB-2 a key that is removed is worth nothing', async (t) => {
  t.equal(await judge(GOOD), SUBJECT, 'the control')
  t.equal(await judge(GOOD, trustOf([bundleKey(rsa)])), 'JV-16')
})

t.test('JB-3 a trust domain that is removed is worth nothing', async (t) => {
  t.equal(await judge(GOOD), SUBJECT, 'the control')
  const others = makeTrustBundleSet([bundle('partner.org', [bundleKey(partner)])], 2)
  t.equal(await judge(GOOD, others), 'JV-18')
})

t.test('JB-4 the key is the one that the kid names, whatever their order', async (t) => {
  for (const keys of [OURS, OURS.toReversed()]) t.equal(await judge(GOOD, trustOf(keys)), SUBJECT)
  const swapped = jwt({ ...HEADER, kid: 'ec-9' }, CLAIMS, p256)
  t.equal(await judge(swapped, trustOf([...OURS, bundleKey(second)])), 'JV-16')
})

t.test('JB-4b two keys under one kid are none', async (t) => {
  const twin = keyPair('twin', 'P-256')
  const twice = [bundleKey(p256), bundleKey(twin, { kid: 'ec-1' })]
  t.equal(await judge(GOOD, trustOf(twice)), 'JV-16')
})

for (const use of ['x509-svid', 'wit-svid', 'sig', undefined]) {
  t.test(`JB-5 a key with use ${String(use)} is no JWT authority`, async (t) => {
    const marked = { ...bundleKey(p256), use }
    t.equal(jwtAuthoritiesOf([bundleKey(p256)]).length, 1, 'the control')
    t.same(jwtAuthoritiesOf([marked]), [])
    // What the Workload API calls a JWT bundle holds nothing else, and SPIRE leaves the use out.
    t.equal(jwtAuthoritiesOf([marked], 'take').length, use === undefined ? 1 : 0)
  })
}

t.test(
  'JB-6 a key of an unknown kind, or without a kid, is skipped, and the rest counts',
  async (t) => {
    const odd = [{ kty: 'AKP', kid: 'q', use: 'jwt-svid' }, 'no key', null, { use: 'jwt-svid' }]
    t.equal(await judge(GOOD, trustOf([...odd, bundleKey(p256)])), SUBJECT)
    t.equal(await judge(GOOD, trustOf([bundleKey(p256, { kid: undefined })])), 'JV-16')
  },
)

t.test('JB-7 a bundle without keys trusts nobody', async (t) => {
  t.equal(await judge(GOOD), SUBJECT, 'the control')
  t.equal(await judge(GOOD, trustOf([])), 'JV-16')
})

t.test('JB: a change of JWT keys alone makes another revision', async (t) => {
  const before = makeTrustBundleSet([bundle('example.org', [bundleKey(p256)])], 1)
  const same = nextTrustBundleSet(before, [bundle('example.org', [bundleKey(p256)])])
  const other = nextTrustBundleSet(before, [bundle('example.org', [bundleKey(rsa)])])
  t.equal(same, before)
  t.equal(other.revision, 2)
})

t.test('every rule of a token refuses at least one row', async (t) => {
  const proven = new Set<string>(rejects.map(({ rule }) => rule))
  // What a request must carry is shown where requests are: test/unit/pipeline/second-factor.test.ts.
  const ofRequests = ['JV+3', 'JV+4', 'JV+5', 'JV+6']
  t.same(
    Object.keys(JWT_SVID_RULES).filter((rule) => !proven.has(rule) && !ofRequests.includes(rule)),
    [],
  )
  const ids = [...accepts, ...rejects].map(({ id }) => id)
  t.equal(new Set(ids).size, ids.length, 'row ids are unique')
})
