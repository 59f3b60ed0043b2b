import { X509Certificate } from 'node:crypto'
import t from 'tap'
import { compileGrammar, DEFAULT_GRAMMAR } from '../../../gateway/spiffe/grammar.ts'
import { peerFields } from '../../../gateway/spiffe/peer-fields.ts'
import { verifyX509Svid } from '../../../gateway/spiffe/verify.ts'
import { HOUR, NOW, makeCa, makeLeaf } from '../../support/ca.ts'
import { trust } from '../../support/trust.ts'

const ID = 'spiffe://example.org/agent/acme/crew/writer'

t.test('a peer is filled from the verified SVID and the grammar', async (t) => {
  const ca = makeCa('CA', { notBefore: NOW - HOUR / 2, notAfter: NOW + HOUR / 2 })
  const leaf = makeLeaf(ca, ID)
  const verdict = verifyX509Svid([leaf.der], trust({ 'example.org': [ca] }, 7), NOW)
  const grammar = compileGrammar(DEFAULT_GRAMMAR, 'example.org')
  if (!verdict.ok || !grammar.ok) throw new Error('the chain and the grammar are good')
  t.equal(verdict.value.validFrom, NOW - HOUR / 2)
  const theirs = new X509Certificate(leaf.der)
  t.strictSame(peerFields(verdict.value, grammar.value.match(verdict.value.id)), {
    spiffeId: ID,
    trustDomain: 'example.org',
    tenant: 'acme',
    agent: 'crew',
    role: 'writer',
    serial: theirs.serialNumber.toLowerCase(),
    notAfter: '2026-11-23T11:00:00Z',
    expiresAt: NOW + HOUR / 2,
    sha256: theirs.fingerprint256.replaceAll(':', '').toLowerCase(),
    bundleRevision: 7,
  })
  t.match(peerFields(verdict.value, undefined), { tenant: undefined, role: undefined })
})
