import t from 'tap'
import { MAX_CANDIDATES, findPath } from '../../../gateway/spiffe/path.ts'
import { parseCertificate } from '../../../gateway/spiffe/x509-svid.ts'
import { NOW, ecKey, makeCa, makeLeaf } from '../../support/ca.ts'
import type { TestCertificate } from '../../support/ca.ts'
import { trustBundle } from '../../support/trust.ts'

const ID = 'spiffe://example.org/agent/a'

function read({ der }: TestCertificate) {
  const certificate = parseCertificate(der)
  if (!certificate.ok) throw new Error(certificate.error.detail)
  return certificate.value
}

t.test('a path is given anchor first, leaf last, whatever the order presented', async (t) => {
  const root = makeCa('Root')
  const upper = makeCa('Upper', { issuer: root })
  const lower = makeCa('Lower', { issuer: upper })
  const [leaf, a, b] = [read(makeLeaf(lower, ID)), read(upper), read(lower)]
  const bundle = trustBundle('example.org', [root])
  for (const pool of [
    [a, b],
    [b, a],
  ]) {
    const path = findPath({ leaf, pool, bundle, now: NOW })
    t.ok(path.ok)
    if (path.ok) t.strictSame(path.value.slice(1), [a, b, leaf])
  }
})

t.test('the work of a search is bounded, however many paths a chain could have', async (t) => {
  const keys = ecKey()
  const root = makeCa('Maze', { keys })
  // Nine genuine CAs of one name and one key: each could have issued each, 9! orders in all.
  const walls = Array.from({ length: 9 }, () => makeCa('Maze', { issuer: root, keys }))
  const real = read(makeLeaf({ name: root.name, keys: ecKey() }, ID))
  let looks = 0
  const leaf = {
    ...real,
    get issuer() {
      looks += 1
      return real.issuer
    },
  }
  const bundle = trustBundle('example.org', [root])
  const path = findPath({ leaf, pool: walls.map(read), bundle, now: NOW })
  t.match(path, { ok: false, error: { rule: 'XV+c1' } })
  t.ok(looks <= MAX_CANDIDATES, `${looks} looks at the leaf`)
})

t.test('no key of the peer’s choosing is used: strangers cost no signature check', async (t) => {
  const root = makeCa('Root')
  const strangers = Array.from({ length: 8 }, (_, i) => makeCa(`Stranger ${i}`))
  const leaf = read(makeLeaf(strangers[0] ?? root, ID))
  let reads = 0
  const pool = strangers.map(read).map((certificate) => ({
    ...certificate,
    get signature() {
      reads += 1
      return certificate.signature
    },
  }))
  const path = findPath({ leaf, pool, bundle: trustBundle('example.org', [root]), now: NOW })
  t.match(path, { ok: false, error: { rule: 'XV-5' } })
  t.equal(reads, 0)
})
