// RFC 8785 against the vectors of its own text and of its authors' test data.

import { readFileSync } from 'node:fs'
import t from 'tap'
import { canonicalJson } from '../../gateway/audit/canonical.ts'
import { scanCanonicalObject } from '../../gateway/audit/canonical-form.ts'

interface Vectors {
  readonly documents: readonly { id: string; input: string; outputHex: string }[]
  readonly numbers: readonly (readonly [bits: string, text: string])[]
  readonly refusedNumbers: readonly string[]
}

// The data lies in the source tree, this file runs from dist/.
const file = new URL('../../../test/conformance/jcs/vectors.json', import.meta.url)
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors

function double(bits: string): number {
  return Buffer.from(bits, 'hex').readDoubleBE()
}

t.test(
  'JCS-DOCUMENTS: documents are written byte for byte as the specification writes them',
  async (t) => {
    for (const { id, input, outputHex } of vectors.documents) {
      const value: unknown = JSON.parse(input)
      t.equal(Buffer.from(canonicalJson(value)).toString('hex'), outputHex, id)
    }
  },
)

t.test('JCS-NUMBERS: numbers are written as Appendix B writes them', async (t) => {
  for (const [bits, text] of vectors.numbers) {
    t.equal(canonicalJson(double(bits)), text, bits)
    t.ok(scanCanonicalObject(`{"n":${text}}`).ok, `${text} is recognised as canonical`)
  }
  for (const bits of vectors.refusedNumbers) {
    t.throws(() => canonicalJson(double(bits)), TypeError, `${bits} is refused`)
  }
})

t.test(
  'JCS-READER: the reader recognises canonical documents and no other spelling of them',
  async (t) => {
    for (const { id, input, outputHex } of vectors.documents) {
      const canonical = Buffer.from(outputHex, 'hex').toString()
      t.equal(scanCanonicalObject(`{"v":${canonical}}`).ok, true, id)
      t.equal(scanCanonicalObject(`{"v":${input.trim()}}`).ok, false, `${id}, as given`)
    }
  },
)
