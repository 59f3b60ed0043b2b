import { Readable } from 'node:stream'
import t from 'tap'
import { LineTooLong, readLines } from '../../../gateway/util/lines.ts'

async function linesOf(chunks: readonly (string | Buffer)[], maxBytes = 100): Promise<string[]> {
  const lines: string[] = []
  for await (const line of readLines(Readable.from(chunks), maxBytes)) lines.push(line.toString())
  return lines
}

t.test('lines are the same however the stream is cut', async (t) => {
  const bytes = Buffer.from('eins\n\nzwei é\ndrei')
  for (let size = 1; size <= bytes.length; size += 1) {
    const chunks: Buffer[] = []
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
    t.same(await linesOf(chunks), ['eins', '', 'zwei é', 'drei'], `chunks of ${String(size)}`)
  }
})

t.test('a final line feed starts no line', async (t) => {
  t.same(await linesOf(['a\n', 'b\n']), ['a', 'b'])
  t.same(await linesOf([]), [])
})

t.test('a line beyond the limit ends the reading', async (t) => {
  t.same(await linesOf(['x'.repeat(100), '\n'], 100), ['x'.repeat(100)])
  await t.rejects(linesOf(['x'.repeat(60), 'x'.repeat(60)], 100), LineTooLong)
})
