// Chains that another library wrote. The accepted ones show that our reader is not strict to our
// own writer only; the refused ones are genuinely signed trees with one element broken.

import forge from 'node-forge'
import t from 'tap'
import { verifyX509Svid } from '../../../gateway/spiffe/verify.ts'
import { HOUR, NOW } from '../../support/ca.ts'
import { forgeCertificate, forgeKeys } from '../../support/forge-ca.ts'
import type { ForgeCertificate, ForgeOptions } from '../../support/forge-ca.ts'
import { trust } from '../../support/trust.ts'

const ID = 'spiffe://example.org/agent/acme/crew/writer'
const validity = { notBefore: new Date(NOW - HOUR), notAfter: new Date(NOW + HOUR) }
const CA_EXTENSIONS = [
  { name: 'basicConstraints', critical: true, cA: true },
  { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
  { name: 'subjectKeyIdentifier' },
]
const LEAF_EXTENSIONS = [
  { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
  { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
  { name: 'basicConstraints', critical: true, cA: false },
]

const root = forgeCertificate('Root', forgeKeys(), undefined, validity, {
  extensions: CA_EXTENSIONS,
})
const intermediate = forgeCertificate('Intermediate', forgeKeys(), root, validity, {
  extensions: CA_EXTENSIONS,
})
const leafKeys = forgeKeys()
const bundles = trust({ 'example.org': [root] })

function leaf(options: ForgeOptions, issuer: ForgeCertificate = root): ForgeCertificate {
  return forgeCertificate('workload', leafKeys, issuer, validity, {
    names: [{ uri: ID }],
    extensions: LEAF_EXTENSIONS,
    ...options,
  })
}

const judge = (...chain: readonly ForgeCertificate[]) =>
  verifyX509Svid(
    chain.map(({ der }) => der),
    bundles,
    NOW,
  )

t.test('RSA chains of node-forge are accepted', async (t) => {
  t.match(judge(leaf({})), { ok: true, value: { id: { text: ID }, serial: '4711' } })
  t.match(judge(leaf({}, intermediate), intermediate), { ok: true })
  t.match(judge(leaf({ names: [{ dns: 'a.b' }, { uri: ID }] })), { ok: true })
})

const children = (node: forge.asn1.Asn1): forge.asn1.Asn1[] =>
  Array.isArray(node.value) ? node.value : []

/** The element that these indices lead to. */
function at(node: forge.asn1.Asn1, ...indices: readonly number[]): forge.asn1.Asn1 {
  let found = node
  for (const i of indices) {
    const child = children(found)[i]
    if (child === undefined) throw new Error(`no element ${i}`)
    found = child
  }
  return found
}

const [VERSION, , ALGORITHM, , VALIDITY, , SPKI, EXTENSIONS] = [0, 1, 2, 3, 4, 5, 6, 7]

const EMPTY_BITS = forge.asn1.create(
  forge.asn1.Class.UNIVERSAL,
  forge.asn1.Type.BITSTRING,
  false,
  '\0',
)

const MALFORMED: readonly [string, string, (tbs: forge.asn1.Asn1) => void][] = [
  ['version 2', 'XV+d1', (tbs) => void (at(tbs, VERSION, 0).value = '\x01')],
  ['no version', 'XV+d1', (tbs) => void children(tbs).splice(VERSION, 1)],
  ['no extensions', 'XV-12', (tbs) => void children(tbs).splice(EXTENSIONS, 1)],
  [
    'another inner algorithm',
    'XV+d1',
    (tbs) => {
      at(tbs, ALGORITHM, 0).value = forge.asn1.oidToDer('1.2.840.113549.1.1.5').getBytes()
    },
  ],
  ['the notAfter as text', 'XV+d1', (tbs) => void (at(tbs, VALIDITY, 1).type = 12)],
  ['a local time', 'XV+d1', (tbs) => void (at(tbs, VALIDITY, 1).value = '261123110000+0100')],
  ['an empty key', 'XV+b7', (tbs) => void children(at(tbs, SPKI)).splice(1, 1, EMPTY_BITS)],
  [
    'an extension twice',
    'XV+d1',
    (tbs) => children(at(tbs, EXTENSIONS, 0)).push(at(tbs, EXTENSIONS, 0, 0)),
  ],
  ['a critical flag of 01', 'XV+d1', (tbs) => void (at(tbs, EXTENSIONS, 0, 0, 1).value = '\x01')],
  ['KeyUsage without its flag', 'XV+a2', (tbs) => children(at(tbs, EXTENSIONS, 0, 0)).splice(1, 1)],
  ['an extension of text', 'XV+d1', (tbs) => void (at(tbs, EXTENSIONS, 0, 0, 2).type = 12)],
  ['an element too many', 'XV+d1', (tbs) => children(tbs).push(at(tbs, VERSION))],
]

for (const [name, rule, tamper] of MALFORMED) {
  t.test(`a genuinely signed certificate with ${name} is refused`, async (t) => {
    t.match(judge(leaf({ tamper })), { ok: false, error: { rule } })
    t.match(judge(leaf({ tamper: () => undefined })), { ok: true }, 'the control')
  })
}
