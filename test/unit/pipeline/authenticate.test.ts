// From a verified SVID to a Peer: names by the grammar of its own trust domain, and every question
// that is asked again for each request.

import t from 'tap'
import { refusal } from '../../../gateway/errors.ts'
import {
  authenticate,
  namesHold,
  recheckPeer,
  type RecheckPorts,
  unprovenPeer,
  type AuthenticatePorts,
} from '../../../gateway/pipeline/authenticate.ts'
import { EMPTY_DENY_LIST } from '../../../gateway/spiffe/deny-list.ts'
import { compileGrammar, type PathGrammar } from '../../../gateway/spiffe/grammar.ts'
import { parseSpiffeId, type SpiffeId } from '../../../gateway/spiffe/id.ts'
import { err, ok } from '../../../gateway/util/result.ts'
import { peer } from '../../support/peers.ts'

const NOW = Date.UTC(2026, 10, 23, 18)
const CHAIN = [Buffer.from('a certificate')]
const WRITER = 'spiffe://example.org/agent/acme/data-crew/writer'

function idOf(text: string): SpiffeId {
  const id = parseSpiffeId(text)
  if (!id.ok) throw new Error(id.error.detail)
  return id.value
}

function grammar(text: string, trustDomain: string): PathGrammar {
  const compiled = compileGrammar(text, trustDomain)
  if (!compiled.ok) throw new Error(compiled.error)
  return compiled.value
}

const OWN = grammar('agent/{tenant}/{agent}/{role}', 'example.org')
const PARTNER = {
  grammar: grammar('{tenant}/bots/{agent}/{role}', 'partner.org'),
  tenants: new Map([['theirs', 'acme-partner']]),
}

function ports(spiffeId = WRITER, changes: Partial<AuthenticatePorts> = {}): AuthenticatePorts {
  return {
    verify: () =>
      ok({
        id: idOf(spiffeId),
        serial: '0a',
        notAfter: NOW + 60_000,
        validFrom: NOW - 60_000,
        expiresAt: NOW + 30_000,
        sha256: 'ab'.repeat(32),
        anchorSha256: 'cd'.repeat(32),
        bundleRevision: 1,
      }),
    grammar: OWN,
    foreign: new Map([['partner.org', PARTNER]]),
    denyList: () => EMPTY_DENY_LIST,
    now: () => NOW,
    ...changes,
  }
}

t.test('a peer is what the SVID says, in the words of the grammar', (t) => {
  t.strictSame(authenticate(CHAIN, ports()), {
    ok: true,
    value: {
      spiffeId: WRITER,
      trustDomain: 'example.org',
      tenant: 'acme',
      agent: 'data-crew',
      role: 'writer',
      serial: '0a',
      notAfter: '2026-11-23T18:01:00Z',
      expiresAt: NOW + 30_000,
      sha256: 'ab'.repeat(32),
      bundleRevision: 1,
    },
  })
  t.end()
})

const REFUSED: readonly (readonly [id: string, ports: AuthenticatePorts, code: string])[] = [
  [
    'what the validator refuses',
    ports(WRITER, { verify: () => err(refusal('ERR_SG_SVID_CHAIN', 'no path')) }),
    'ERR_SG_SVID_CHAIN',
  ],
  [
    'an ID of our own domain that is no agent',
    ports('spiffe://example.org/svidgate'),
    'ERR_SG_SVID_GRAMMAR',
  ],
  ['one that expires now', ports(WRITER, { now: () => NOW + 30_000 }), 'ERR_SG_SVID_EXPIRED'],
  [
    'an ID on the deny list',
    ports(WRITER, {
      denyList: () => ({ spiffeIds: new Set([WRITER]), serials: new Set<string>() }),
    }),
    'ERR_SG_SVID_DENY_LISTED',
  ],
  [
    'a serial on the deny list',
    ports(WRITER, {
      denyList: () => ({ spiffeIds: new Set<string>(), serials: new Set(['0a']) }),
    }),
    'ERR_SG_SVID_DENY_LISTED',
  ],
]

for (const [id, given, code] of REFUSED) {
  t.test(`refused: ${id}`, (t) => {
    t.match(authenticate(CHAIN, given), { ok: false, error: { code } })
    t.end()
  })
}

t.test('no certificate is asked of no validator', (t) => {
  const given = ports(WRITER, {
    verify: () => {
      throw new Error('asked')
    },
  })
  t.match(authenticate([], given), { ok: false, error: { code: 'ERR_SG_SVID_MISSING' } })
  t.end()
})

t.test('a partner’s agent has our name for its tenant, or no names at all', (t) => {
  t.match(authenticate(CHAIN, ports('spiffe://partner.org/theirs/bots/crew/reader')), {
    value: { tenant: 'acme-partner', agent: 'crew', role: 'reader' },
  })
  for (const id of [
    'spiffe://partner.org/acme/bots/crew/reader',
    'spiffe://partner.org/agent/acme/data-crew/writer',
    'spiffe://stranger.org/agent/acme/data-crew/writer',
  ]) {
    const made = authenticate(CHAIN, ports(id))
    t.match(made, { ok: true, value: { tenant: undefined, agent: undefined, role: undefined } }, id)
  }
  t.end()
})

function rechecks(changes: Partial<RecheckPorts> = {}): RecheckPorts {
  return { isTrusted: () => true, denyList: () => EMPTY_DENY_LIST, now: () => NOW, ...changes }
}

t.test('asked again, a peer holds until something changes', (t) => {
  const held = peer({ expiresAt: NOW + 1000, serial: '0a', spiffeId: WRITER })
  t.equal(recheckPeer(held, rechecks()), undefined)
  t.match(recheckPeer(held, rechecks({ now: () => NOW + 1000 })), {
    code: 'ERR_SG_SVID_EXPIRED',
  })
  t.match(recheckPeer(held, rechecks({ isTrusted: () => false })), {
    code: 'ERR_SG_SVID_TRUST_DOMAIN',
  })
  const denyList = () => ({ spiffeIds: new Set([WRITER]), serials: new Set<string>() })
  t.match(recheckPeer(held, rechecks({ denyList })), { code: 'ERR_SG_SVID_DENY_LISTED' })
  t.end()
})

t.test('names hold while the grammar still gives them', (t) => {
  const made = authenticate(CHAIN, ports())
  if (!made.ok) throw new Error(made.error.code)
  t.ok(namesHold(made.value, ports()))
  t.notOk(
    namesHold(made.value, {
      ...ports(),
      grammar: grammar('agent/{agent}/{tenant}/{role}', 'example.org'),
    }),
  )
  t.notOk(
    namesHold(made.value, {
      ...ports(),
      grammar: grammar('{tenant}/{agent}/{role}', 'example.org'),
    }),
  )
  const partner = authenticate(CHAIN, ports('spiffe://partner.org/theirs/bots/crew/reader'))
  if (!partner.ok) throw new Error(partner.error.code)
  t.ok(namesHold(partner.value, ports()))
  t.notOk(namesHold(partner.value, { ...ports(), foreign: new Map() }))
  t.end()
})

t.test(
  'a peer that proved nothing is expired from birth, and has the names that a real one has',
  (t) => {
    const made = unprovenPeer(idOf(WRITER), ports(WRITER))
    if (!made.ok) throw new Error(made.error.code)
    t.match(made.value, { tenant: 'acme', role: 'writer', notAfter: '1970-01-01T00:00:00Z' })
    t.match(recheckPeer(made.value, rechecks({ now: () => 0 })), {
      code: 'ERR_SG_SVID_EXPIRED',
    })
    const odd = unprovenPeer(idOf('spiffe://example.org/odd'), ports(WRITER))
    t.match(odd, { ok: false, error: { code: 'ERR_SG_SVID_GRAMMAR' } })
    t.end()
  },
)
