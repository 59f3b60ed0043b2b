// Everything that is made from an identity: subject, filled fields, session name.

import t from 'tap'
import { roleSessionName } from '../../../gateway/credential/aws/session-name.ts'
import { compilePeerTemplate } from '../../../gateway/credential/peer-template.ts'
import { subjectOf } from '../../../gateway/credential/subject.ts'
import { peer } from '../../support/peers.ts'

const foreign = peer({
  spiffeId: 'spiffe://partner.org/ns/default/sa/loader',
  trustDomain: 'partner.org',
  tenant: undefined,
  agent: undefined,
  role: undefined,
})

t.test('subject: the SPIFFE ID, or trust domain, tenant and role', (t) => {
  t.strictSame(subjectOf('spiffe-id', peer()), {
    ok: true,
    value: 'spiffe://example.org/agent/acme/data-crew/writer',
  })
  t.strictSame(subjectOf('role', peer()), { ok: true, value: 'example.org/acme/writer' })
  t.strictSame(subjectOf('spiffe-id', foreign), { ok: true, value: foreign.spiffeId })
  const none = subjectOf('role', foreign)
  t.equal(none.ok ? '' : none.error.code, 'ERR_SG_CREDENTIAL_CONFIG')
  t.end()
})

t.test('template: filled from the identity alone', (t) => {
  const template = compilePeerTemplate('f', 'role/{tenant}/{agent}=x-{role}')
  t.equal(template.fill(peer()), 'role/acme/data-crew=x-writer')
  t.equal(template.fill(foreign), undefined, 'a missing part fills nothing')
  t.equal(template.fill(peer({ role: '../admin' })), undefined, 'nor does one that is no segment')
  t.equal(template.fill(peer({ role: '' })), undefined)
  t.equal(template.fill(peer({ agent: '{role}' })), undefined, 'and nothing is filled twice')
  t.equal(compilePeerTemplate('f', 'plain').fill(foreign), 'plain')
  t.end()
})

t.test('template: what could mix up two agents is refused at construction', (t) => {
  for (const text of [
    '{user}',
    '{Role}',
    '{',
    'a}',
    '{{role}}',
    '{role}{agent}',
    '{tenant}-{role}',
    '{tenant}_a.b-{role}',
  ]) {
    t.throws(
      () => compilePeerTemplate('roleArn', text),
      { name: 'TypeError', message: /^roleArn: / },
      text,
    )
  }
  t.doesNotThrow(() => compilePeerTemplate('roleArn', '{tenant}/{role}+{agent}'))
  t.end()
})

t.test('session name: in the set and lengths of STS, readable, one for each SPIFFE ID', (t) => {
  const plain = roleSessionName(peer())
  t.match(plain, /^data-crew\.writer-[0-9a-f]{20}$/)
  const names = [
    roleSessionName(foreign),
    roleSessionName(peer({ spiffeId: 'spiffe://example.org/agent/other/data-crew/writer' })),
    roleSessionName(peer({ agent: 'a'.repeat(300), spiffeId: 'spiffe://example.org/long' })),
    roleSessionName(peer({ agent: 'grün:/', role: '*', spiffeId: 'spiffe://example.org/odd' })),
    roleSessionName(peer({ role: undefined, spiffeId: 'spiffe://example.org/trailing/' })),
    plain,
  ]
  for (const name of names) {
    t.match(name, /^[\w+=,.@-]{2,64}$/)
  }
  t.equal(new Set(names).size, names.length)
  t.match(names[0], /^loader-/)
  t.end()
})
