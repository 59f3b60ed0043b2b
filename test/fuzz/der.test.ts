// The certificate reader under mutated certificates: it answers for every input, and whatever it
// reads a second reader (OpenSSL, as Node's `X509Certificate` shows it) reads in the same way.

import { X509Certificate } from 'node:crypto'
import t from 'tap'
import { checkWellFormed, DerError } from '../../gateway/spiffe/der.ts'
import { parseCertificate, splitCertificates } from '../../gateway/spiffe/x509-svid.ts'
import type { Certificate } from '../../gateway/spiffe/x509-svid.ts'
import { dice, makeMutator } from '../support/certificate-mutations.ts'
import { readTree } from '../support/der-tree.ts'
import { fuzzRuns, fuzzSeed } from '../support/fuzz-runs.ts'
import { fuzzCertificates } from '../support/fuzz-certificates.ts'

const seed = fuzzSeed()
/** The second reader costs ten times as much as ours. */
const COMPARE_EVERY = 24

/** What the two readers disagree on, or nothing. */
function difference(ours: Certificate, der: Buffer): string | undefined {
  let theirs: X509Certificate
  try {
    theirs = new X509Certificate(der)
  } catch (error) {
    return `OpenSSL does not read it: ${error instanceof Error ? error.message : 'thrown'}`
  }
  if (!theirs.raw.equals(der)) return 'OpenSSL reads other bytes'
  if (BigInt(`0x${ours.serial}`) !== BigInt(`0x${theirs.serialNumber}`)) return 'the serial number'
  if (Date.parse(theirs.validFrom) !== ours.notBefore) return 'notBefore'
  if (Date.parse(theirs.validTo) !== ours.notAfter) return 'notAfter'
  if (theirs.ca && ours.extensions.basicConstraints?.ca !== true) return 'a CA to OpenSSL only'
  const uris = (ours.extensions.subjectAltName?.names ?? [])
    .filter(({ kind }) => kind === 'uri')
    .map(({ bytes }) => bytes.toString('latin1'))
  // Node quotes names with odd characters as JSON does.
  const shown = (theirs.subjectAltName ?? '')
    .replaceAll(/\\u([0-9a-f]{4})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)))
    .replaceAll(/\\(["\\])/g, '$1')
  return uris.every((uri) => shown.includes(uri)) ? undefined : `a URI SAN: ${shown}`
}

t.test(`no mutated certificate makes the reader throw (seed ${seed})`, async (t) => {
  const originals = fuzzCertificates()
  const given = dice(seed)
  const mutator = makeMutator(given, originals)
  const trees = originals.map(readTree)
  const counts = { runs: fuzzRuns(), read: 0, compared: 0 }
  for (let run = 0; run < counts.runs; run += 1) {
    const which = given.roll(originals.length)
    const original = originals[which] ?? Buffer.of()
    const tree = trees[which] ?? readTree(original)
    const der = given.roll(2) === 0 ? mutator.bytes(original) : mutator.tree(tree)
    const certificate = parseCertificate(der)
    if (!certificate.ok) {
      if (certificate.error.rule === undefined) t.fail(`run ${run}: a refusal without its rule`)
      continue
    }
    counts.read += 1
    if (counts.read % COMPARE_EVERY !== 0) continue
    counts.compared += 1
    const found = difference(certificate.value, der)
    if (found !== undefined) t.fail(`run ${run}: ${found}`, { der: der.toString('hex') })
  }
  t.ok(counts.compared > counts.runs / 1000, JSON.stringify(counts))
})

t.test(`arbitrary bytes are read or refused with a DerError (seed ${seed})`, async (t) => {
  const given = dice(seed)
  const runs = fuzzRuns(0.5)
  let refused = 0
  for (let run = 0; run < runs; run += 1) {
    const bytes = Buffer.alloc(given.roll(48))
    for (let i = 0; i < bytes.length; i += 1) bytes[i] = given.roll(256)
    // Half of them begin as a SEQUENCE of the right length would.
    if (given.roll(2) === 0 && bytes.length > 1) bytes.set([0x30, bytes.length - 2])
    try {
      checkWellFormed(bytes, 'bytes')
    } catch (error) {
      if (!(error instanceof DerError)) throw error
      refused += 1
    }
    const parts = splitCertificates(bytes)
    if (parts.ok && !Buffer.concat([...parts.value]).equals(bytes)) t.fail(bytes.toString('hex'))
  }
  t.ok(refused > 0 && refused < runs, `${refused} of ${runs} refused`)
})
