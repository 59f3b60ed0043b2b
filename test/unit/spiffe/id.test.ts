import t from 'tap'
import { isPathSegment, parseSpiffeId, parseTrustDomain } from '../../../gateway/spiffe/id.ts'

// SPIFFE-ID.md §2.1 and §2.2, as the text lists them.
const TRUST_DOMAIN_CHARS = new Set('abcdefghijklmnopqrstuvwxyz0123456789.-_')
const PATH_CHARS = new Set('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_')

t.test('ID-1 and ID-2: every byte in a trust domain and in a segment', async (t) => {
  for (let code = 0; code < 256; code += 1) {
    const c = String.fromCharCode(code)
    const domain = parseSpiffeId(`spiffe://a${c}b/x`)
    // A slash ends the trust domain: `spiffe://a/b/x` is well formed.
    t.equal(domain.ok, TRUST_DOMAIN_CHARS.has(c) || c === '/', `trust domain, byte ${code}`)
    const path = parseSpiffeId(`spiffe://a/b${c}d`)
    t.equal(path.ok, PATH_CHARS.has(c) || c === '/', `path, byte ${code}`)
    t.equal(parseTrustDomain(`a${c}b`).ok, TRUST_DOMAIN_CHARS.has(c), `bare domain, byte ${code}`)
    t.equal(isPathSegment(`a${c}b`), PATH_CHARS.has(c), `segment, byte ${code}`)
  }
})

t.test('ID-2: what is well formed is taken apart and left as it is', async (t) => {
  const cases: readonly [string, string, string][] = [
    ['spiffe://td', 'td', ''],
    ['spiffe://example.org/agent/acme/crew/writer', 'example.org', '/agent/acme/crew/writer'],
    ['spiffe://a_b-c.d/x', 'a_b-c.d', '/x'],
    ['spiffe://10.0.0.1/x', '10.0.0.1', '/x'],
    ['spiffe://1.2.3/x', '1.2.3', '/x'],
    ['spiffe://td/.p', 'td', '/.p'],
    ['spiffe://td/..p', 'td', '/..p'],
    ['spiffe://td/...', 'td', '/...'],
    ['spiffe://td/A/b/C', 'td', '/A/b/C'],
  ]
  for (const [text, trustDomain, path] of cases) {
    t.match(parseSpiffeId(text), { ok: true, value: { text, trustDomain, path } }, text)
  }
})

t.test('ID-1: what is not well formed is refused, never repaired', async (t) => {
  const cases = [
    '',
    's',
    'spiffe',
    'spiffe:',
    'spiffe:/',
    'spiffe:/td',
    'spiffe://',
    'spiffe:///a',
    'Spiffe://td/a',
    'https://td/a',
    ' spiffe://td/a',
    'spiffe://td/',
    'spiffe://td//',
    'spiffe://td//p',
    'spiffe://td/p/',
    'spiffe://td/.',
    'spiffe://td/./p',
    'spiffe://td/p/..',
    'spiffe://td/../p',
    'spiffe://td:80/p',
    'spiffe://u@td/p',
    'spiffe://td/p?x',
    'spiffe://td?x',
    'spiffe://td/p#f',
    'spiffe://td/%41',
    'spiffe://[::1]/p',
  ]
  for (const text of cases) {
    t.match(
      parseSpiffeId(text),
      { ok: false, error: { code: 'ERR_SG_SVID_ID', rule: 'ID-1' } },
      text,
    )
  }
})

t.test('the limits of length are those of the specification', async (t) => {
  const id = (length: number) => `spiffe://td/${'a'.repeat(length - 12)}`
  t.ok(parseSpiffeId(id(2048)).ok)
  t.notOk(parseSpiffeId(id(2049)).ok)
  t.ok(parseSpiffeId(`spiffe://${'a'.repeat(255)}/x`).ok)
  t.notOk(parseSpiffeId(`spiffe://${'a'.repeat(256)}/x`).ok)
  t.notOk(parseTrustDomain('').ok)
})

t.test('a message escapes what it quotes', async (t) => {
  const id = parseSpiffeId('spiffe://td/a\nERROR forged')
  t.notOk(id.ok)
  if (!id.ok) t.notMatch(id.error.detail, /\n/)
})

t.test('an ID is frozen', async (t) => {
  const id = parseSpiffeId('spiffe://td/a')
  t.ok(id.ok && Object.isFrozen(id.value))
})
