import { X509Certificate } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import {
  EMPTY_DENY_LIST,
  isDenied,
  parseDenyList,
  readDenyList,
} from '../../../gateway/spiffe/deny-list.ts'
import { parseCertificate } from '../../../gateway/spiffe/x509-svid.ts'
import { makeCa, makeLeaf } from '../../support/ca.ts'
import { tlv } from '../../support/der.ts'

const ID = 'spiffe://example.org/agent/a'

function list(text: string) {
  const parsed = parseDenyList(text)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error))
  return parsed.value
}

t.test('an ID or a serial on the list is denied, others are not', async (t) => {
  const denied = list(`# stolen laptop\n${ID}  # by Ann\r\n\n0A:bC\n`)
  t.ok(isDenied(denied, { spiffeId: ID, serial: '01' }))
  t.ok(isDenied(denied, { spiffeId: 'spiffe://example.org/b', serial: '0abc' }))
  t.notOk(isDenied(denied, { spiffeId: 'spiffe://example.org/b', serial: '01' }))
  t.notOk(isDenied(denied, { spiffeId: `${ID}/x`, serial: 'abc0' }))
  t.notOk(isDenied(EMPTY_DENY_LIST, { spiffeId: ID, serial: '01' }))
})

t.test('a serial as certificate tools print it denies its certificate', async (t) => {
  const ca = makeCa('CA')
  for (const serial of ['01', '0abc', '00ff12', '7f00000000000000000000000000000000000001']) {
    const { der } = makeLeaf(ca, ID, { serial: tlv(2, Buffer.from(serial, 'hex')) })
    const printed = new X509Certificate(der).serialNumber
    const certificate = parseCertificate(der)
    t.ok(certificate.ok)
    if (!certificate.ok) continue
    const peer = { spiffeId: ID, serial: certificate.value.serial }
    const forms = [
      printed,
      printed.toLowerCase(),
      `00${printed}`,
      printed.replace(/..(?=.)/g, '$&:'),
    ]
    for (const form of forms) t.ok(isDenied(list(form), peer), form)
  }
})

t.test('a line that cannot be read is an error with its number', async (t) => {
  const parsed = parseDenyList(
    [
      ID,
      'spiffe://Example.org/a',
      'serial 12',
      '12:',
      'g0',
      'spiffe://example.org',
      '1'.repeat(41),
      'spiffe://example.org/*',
    ].join('\n'),
  )
  t.notOk(parsed.ok)
  if (parsed.ok) return
  t.strictSame(
    parsed.error.map(({ line }) => line),
    [2, 3, 4, 5, 6, 7, 8],
  )
  t.match(parsed.error[4]?.message, /remove its trust bundle/)
})

t.test('a file is read; one that is not there is a problem, not an empty list', async (t) => {
  const dir = t.testdir()
  const file = join(dir, 'deny.txt')
  t.match(await readDenyList(file), { ok: false, error: [{ line: 0, message: /cannot be read/ }] })
  await writeFile(file, `${ID}\n`)
  const read = await readDenyList(file)
  t.ok(read.ok && isDenied(read.value, { spiffeId: ID, serial: '01' }))
})
