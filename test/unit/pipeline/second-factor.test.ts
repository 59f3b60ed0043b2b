// The second factor of a request: one token, of this very agent, for us alone.

import t from 'tap'
import { checkSecondFactor } from '../../../gateway/pipeline/second-factor.ts'
import { JwtSvidCache } from '../../../gateway/spiffe/jwt-svid-cache.ts'
import type { HeaderLine } from '../../../gateway/request/message.ts'
import { makeTrustBundleSet, parseTrustBundle } from '../../../gateway/spiffe/trust-bundle.ts'
import { bundleKey, jwt, keyPair } from '../../support/jwt-maker.ts'
import { peer } from '../../support/peers.ts'

const NOW = Date.parse('2026-11-23T18:00:00Z')
const AUDIENCE = 'spiffe://example.org/svidgate'
const pair = keyPair('k', 'P-256')
const agent = peer()
const CLAIMS = { sub: agent.spiffeId, aud: [AUDIENCE], exp: NOW / 1000 + 300 }
const HEADER = { alg: 'ES256', kid: 'k' }

function bundles(keys: readonly unknown[], revision: number) {
  const parsed = parseTrustBundle('example.org', Buffer.from(JSON.stringify({ keys })))
  if (!parsed.ok) throw new Error(parsed.error.message)
  return makeTrustBundleSet([parsed.value], revision)
}

const trusted = bundles([bundleKey(pair)], 1)
const cache = new JwtSvidCache()

async function ruleOf(headers: readonly HeaderLine[], now = NOW, set = trusted): Promise<string> {
  const refused = await checkSecondFactor(headers, agent, {
    audience: AUDIENCE,
    verify: (token) => cache.verify(token, { bundles: set, audience: AUDIENCE, now }),
  })
  return refused === undefined ? 'accepted' : (refused.rule ?? refused.code)
}

function line(claims: object, name = 'x-svidgate-jwt-svid'): HeaderLine {
  return [name, jwt(HEADER, claims, pair)]
}

const GOOD = line(CLAIMS)

t.test(
  'the agent’s own token for us is accepted, in any spelling of the header’s name',
  async (t) => {
    t.equal(await ruleOf([GOOD]), 'accepted')
    t.equal(await ruleOf([GOOD]), 'accepted', 'and again')
    t.equal(await ruleOf([line(CLAIMS, 'X-Svidgate-JWT-SVID')]), 'accepted')
    t.equal(await ruleOf([line({ ...CLAIMS, aud: AUDIENCE })]), 'accepted')
  },
)

const REFUSED: [id: string, rule: string, headers: readonly HeaderLine[]][] = [
  ['no token', 'JV+3', [['authorization', `Bearer ${GOOD[1]}`]]],
  ['two tokens', 'JV+4', [GOOD, GOOD]],
  ['two tokens in one line', 'JV-24', [[GOOD[0], `${GOOD[1]}, ${GOOD[1]}`]]],
  ['for a cloud', 'JV-11', [line({ ...CLAIMS, aud: ['sts.amazonaws.com'] })]],
  ['for a cloud, too', 'JV+5', [line({ ...CLAIMS, aud: [AUDIENCE, 'sts.amazonaws.com'] })]],
  ['of another agent', 'JV+6', [line({ ...CLAIMS, sub: `${agent.spiffeId}2` })]],
  ['expired', 'JV-13', [line({ ...CLAIMS, exp: NOW / 1000 })]],
]

for (const [id, rule, headers] of REFUSED) {
  t.test(`${rule} refuses: ${id}`, async (t) => {
    t.equal(await ruleOf([GOOD]), 'accepted', 'the control')
    t.equal(await ruleOf(headers), rule)
  })
}

t.test('what was accepted once is refused when it has expired, or its key is gone', async (t) => {
  t.equal(await ruleOf([GOOD]), 'accepted')
  t.equal(await ruleOf([GOOD], NOW + 299_999), 'accepted')
  t.equal(await ruleOf([GOOD], NOW + 300_000), 'JV-13')
  t.equal(await ruleOf([GOOD], NOW, bundles([], 2)), 'JV-16')
})
