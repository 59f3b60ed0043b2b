// The conformance table of X.509-SVID validation. Every refusal stands beside a control that
// differs in the fault alone and is accepted, so that a validator which refuses everything fails.

import t from 'tap'
import { SVID_CODES } from '../../gateway/errors.ts'
import { SVID_RULES } from '../../gateway/spiffe/rules.ts'
import { verifyX509Svid } from '../../gateway/spiffe/verify.ts'
import { NOW, makeLeaf } from '../support/ca.ts'
import { bundles, ca } from './svid/row.ts'
import { accepts, rejects } from './svid/rows.ts'

for (const row of accepts) {
  t.test(`${row.id} accepts ${row.title}`, async (t) => {
    const verdict = verifyX509Svid(row.chain, row.bundles, row.at ?? NOW)
    t.match(verdict, { ok: true, value: { id: { text: row.spiffeId } } })
  })
}

const codes: ReadonlySet<string> = new Set(SVID_CODES)

for (const row of rejects) {
  t.test(`${row.id} refuses ${row.title}`, async (t) => {
    const controlAt = row.controlAt ?? row.at ?? NOW
    const control = verifyX509Svid(row.control, row.controlBundles ?? row.bundles, controlAt)
    t.match(control, { ok: true }, 'the control is accepted')
    const verdict = verifyX509Svid(row.chain, row.bundles, row.at ?? NOW)
    t.match(verdict, { ok: false, error: { rule: row.rule } })
    t.ok(!verdict.ok && codes.has(verdict.error.code), 'with a code of its own')
  })
}

// SPIFFE-ID.md §2.1 and §2.2, as the text lists them.
const TRUST_DOMAIN = /^[a-z0-9._-]$/
const PATH = /^[A-Za-z0-9._/-]$/

t.test(
  'ID-1/every-byte refuses all but the bytes of the grammar, inside a certificate',
  async (t) => {
    for (let code = 0; code < 256; code += 1) {
      const c = String.fromCharCode(code)
      const path = judge(`spiffe://example.org/a${c}b`)
      t.equal(path.ok, PATH.test(c), `path, byte ${code}`)
      const domain = judge(`spiffe://a${c}b/x`)
      // Well formed is what fails for want of a bundle only; a slash ends the trust domain.
      const rule = domain.ok ? undefined : domain.error.rule
      t.equal(rule === 'XV-15', TRUST_DOMAIN.test(c) || c === '/', `trust domain, byte ${code}`)
    }
  },
)

function judge(id: string) {
  return verifyX509Svid([makeLeaf(ca, id).der], bundles, NOW)
}

t.test('every rule refuses at least one row', async (t) => {
  const proven = new Set(rejects.map(({ rule }) => rule))
  t.same(
    Object.keys(SVID_RULES).filter((rule) => !proven.has(rule)),
    [],
  )
})

t.test('row ids are unique', async (t) => {
  const ids = [...accepts, ...rejects].map(({ id }) => id)
  t.equal(new Set(ids).size, ids.length)
})
