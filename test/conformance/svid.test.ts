// The conformance table of X.509-SVID validation. Every refusal stands beside a control that
// differs in the fault alone and is accepted, so that a validator which refuses everything fails.

import t from 'tap'
import { SVID_CODES } from '../../gateway/errors.ts'
import { SVID_RULES } from '../../gateway/spiffe/rules.ts'
import { verifyX509Svid } from '../../gateway/spiffe/verify.ts'
import { NOW } from '../support/ca.ts'
import { encodingAccepts, encodingRejects } from './svid/encoding-rows.ts'
import { federationAccepts, federationRejects } from './svid/federation-rows.ts'
import { pathAccepts, pathRejects } from './svid/path-rows.ts'
import { profileAccepts, profileRejects } from './svid/profile-rows.ts'

const accepts = [...profileAccepts, ...pathAccepts, ...federationAccepts, ...encodingAccepts]
const rejects = [...profileRejects, ...pathRejects, ...federationRejects, ...encodingRejects]

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
