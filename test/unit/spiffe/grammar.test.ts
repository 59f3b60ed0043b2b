import t from 'tap'
import { DEFAULT_GRAMMAR, compileGrammar } from '../../../gateway/spiffe/grammar.ts'
import { parseSpiffeId } from '../../../gateway/spiffe/id.ts'

function match(grammar: string, trustDomain: string, text: string) {
  const compiled = compileGrammar(grammar, trustDomain)
  const id = parseSpiffeId(text)
  if (!compiled.ok || !id.ok) throw new Error('the test gives a grammar and an ID')
  return compiled.value.match(id.value)
}

t.test('the default grammar names tenant, agent and role', async (t) => {
  t.same(match(DEFAULT_GRAMMAR, 'example.org', 'spiffe://example.org/agent/acme/crew/writer'), {
    tenant: 'acme',
    agent: 'crew',
    role: 'writer',
  })
})

t.test('names may stand in any order, between literals', async (t) => {
  t.same(match('{role}/of/{tenant}/is/{agent}', 'td', 'spiffe://td/r/of/t/is/a'), {
    tenant: 't',
    agent: 'a',
    role: 'r',
  })
})

t.test('a path that does not fit exactly has no names', async (t) => {
  const cases = [
    'spiffe://example.org',
    'spiffe://example.org/agent',
    'spiffe://example.org/agent/acme/crew',
    'spiffe://example.org/agent/acme/crew/writer/more',
    'spiffe://example.org/agents/acme/crew/writer',
    'spiffe://example.org/Agent/acme/crew/writer',
    'spiffe://example.org/x/agent/acme/crew/writer',
  ]
  for (const text of cases) t.equal(match(DEFAULT_GRAMMAR, 'example.org', text), undefined, text)
})

t.test('an ID of another trust domain has no names, however well it fits', async (t) => {
  const text = 'spiffe://partner.org/agent/acme/crew/writer'
  t.equal(match(DEFAULT_GRAMMAR, 'example.org', text), undefined)
})

t.test('a grammar that cannot be used says why', async (t) => {
  const cases: readonly [string, RegExp][] = [
    ['', /neither/],
    ['/agent/{tenant}/{agent}/{role}', /slash at either end/],
    ['agent/{tenant}/{agent}/{role}/', /slash at either end/],
    ['agent/{tenant}/{agent}', /lacks \{role\}/],
    ['agent', /lacks \{tenant\}, \{agent\}, \{role\}/],
    ['{tenant}/{tenant}/{agent}/{role}', /twice/],
    ['{tenant}/{agent}/{role}/{user}', /"\{user\}" is neither/],
    ['{tenant}-{agent}/{role}', /neither/],
    ['a/../{tenant}/{agent}/{role}', /neither/],
  ]
  for (const [grammar, message] of cases) {
    const compiled = compileGrammar(grammar, 'td')
    t.notOk(compiled.ok, grammar)
    if (!compiled.ok) t.match(compiled.error, message)
  }
})
