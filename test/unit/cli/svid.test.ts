import { Readable } from 'node:stream'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { Test } from 'tap'
import type { CliIo } from '../../../gateway/cli/command.ts'
import { svidInspect, svidVerify } from '../../../gateway/cli/svid.ts'
import {
  basicConstraints,
  distinguishedName,
  dnsName,
  makeCa,
  makeLeaf,
  pem,
  uriName,
} from '../../support/ca.ts'

const AT = '2026-11-23T10:00:00Z'
const ID = 'spiffe://example.org/agent/acme/crew/writer'
const ca = makeCa('CA')
const leaf = makeLeaf(ca, ID)

function terminal() {
  const printed: string[] = []
  const io: CliIo = {
    out: (text) => void printed.push(text),
    err: () => {
      throw new Error('commands print errors by throwing CliError')
    },
    stdin: Readable.from([]),
    isTerminal: false,
    env: {},
  }
  return { io, text: () => printed.join('') }
}

async function inDir(t: Test, files: Readonly<Record<string, string | Buffer>>) {
  const dir = t.testdir()
  for (const [name, content] of Object.entries(files)) await writeFile(join(dir, name), content)
  return (name: string) => join(dir, name)
}

t.test('svid verify prints the JSON of the contract and exits 0 or 1', async (t) => {
  const file = await inDir(t, {
    'ca.pem': pem(ca),
    'good.pem': pem(leaf, ca),
    'good.der': Buffer.concat([leaf.der, ca.der]),
    'ca-true.pem': pem(makeLeaf(ca, ID, { basicConstraints: basicConstraints(true) })),
    'cut.pem': pem({ der: leaf.der.subarray(0, 99) }),
    'cut.der': leaf.der.subarray(0, 99),
    'open.pem': pem(leaf).slice(0, 200),
    'none.pem': 'no certificate\n',
    'partner.pem': pem(makeLeaf(ca, 'spiffe://partner.org/a')),
  })
  const refused = (code: string, rule: string, message: string) => ({
    ok: false,
    code,
    rule,
    message,
  })
  const cases: readonly [string, string, number, object][] = [
    ['good.pem', AT, 0, { ok: true, spiffe_id: ID }],
    ['good.der', AT, 0, { ok: true, spiffe_id: ID }],
    ['good.pem', '2026-11-23T12:00:00+01:00', 0, { ok: true, spiffe_id: ID }],
    [
      'good.pem',
      '2026-11-23T11:00:01Z',
      1,
      refused('ERR_SG_SVID_EXPIRED', 'XV-6', 'the SVID expired at 2026-11-23T11:00:00.000Z'),
    ],
    ['ca-true.pem', AT, 1, refused('ERR_SG_SVID_USAGE', 'XV-8', 'the SVID is a CA certificate')],
    [
      'partner.pem',
      AT,
      1,
      refused('ERR_SG_SVID_TRUST_DOMAIN', 'XV-15', 'no trust bundle for partner.org'),
    ],
    [
      'cut.pem',
      AT,
      1,
      refused('ERR_SG_SVID_MALFORMED', 'XV+d1', 'certificate 1: certificate: truncated'),
    ],
    ['cut.der', AT, 1, refused('ERR_SG_SVID_MALFORMED', 'XV+d1', 'DER: truncated')],
    [
      'open.pem',
      AT,
      1,
      refused('ERR_SG_SVID_MALFORMED', 'XV+d1', 'line 1: the CERTIFICATE block is not closed'),
    ],
    [
      'none.pem',
      AT,
      1,
      refused('ERR_SG_SVID_MISSING', 'TLS-1', 'the peer presented no certificate'),
    ],
  ]
  for (const [chain, at, exit, answer] of cases) {
    const { io, text } = terminal()
    const bundle = [`example.org=${file('ca.pem')}`]
    t.equal(await svidVerify({ chain: file(chain), bundle, at, json: true }, io), exit, chain)
    t.equal(text(), `${JSON.stringify(answer)}\n`, chain)
  }
})

t.test('svid verify without --at judges by the clock', async (t) => {
  const fresh = makeLeaf(ca, ID, { notBefore: Date.now() - 1000, notAfter: Date.now() + 60_000 })
  const lasting = makeCa('CA', { notBefore: Date.now() - 60_000, notAfter: Date.now() + 60_000 })
  const file = await inDir(t, {
    'ca.pem': pem(lasting),
    'good.pem': pem(makeLeaf(lasting, ID, { notBefore: Date.now() - 1000 })),
    'other.pem': pem(fresh),
  })
  const bundle = [`example.org=${file('ca.pem')}`]
  const old = makeLeaf(lasting, ID, { notBefore: 0, notAfter: Date.now() - 2000 })
  await writeFile(file('old.pem'), pem(old))
  const { io, text } = terminal()
  t.equal(await svidVerify({ chain: file('old.pem'), bundle }, io), 1)
  t.match(text(), /^refused: the SVID expired at .*\n {2}ERR_SG_SVID_EXPIRED, rule XV-6\n$/)
})

t.test('svid verify for people says who was accepted until when', async (t) => {
  const file = await inDir(t, { 'ca.pem': pem(ca), 'good.pem': pem(leaf) })
  const { io, text } = terminal()
  const bundle = [`example.org=${file('ca.pem')}`]
  t.equal(await svidVerify({ chain: file('good.pem'), bundle, at: AT }, io), 0)
  t.match(text(), `accepted: ${ID}\n`)
  t.match(text(), 'valid until 2026-11-23T11:00:00Z')
})

t.test('wrong usage ends with exit code 2 and a hint', async (t) => {
  const file = await inDir(t, { 'ca.pem': pem(ca), 'leaf.pem': pem(leaf), 'empty.pem': '' })
  const good = { chain: file('leaf.pem'), bundle: [`example.org=${file('ca.pem')}`], at: AT }
  const cases: readonly [object, RegExp][] = [
    [{ chain: file('missing.pem') }, /missing\.pem cannot be read/],
    [{ bundle: [] }, /no trust bundle/],
    [{ bundle: [file('ca.pem')] }, /no trust domain/],
    [{ bundle: [`Example.org=${file('ca.pem')}`] }, /"Example\.org"/],
    [{ bundle: [`example.org=${file('missing.pem')}`] }, /cannot be read/],
    [{ bundle: [`example.org=${file('empty.pem')}`] }, /no certificate/],
    [{ bundle: [`example.org=${file('leaf.pem')}`] }, /not a CA/],
    [{ bundle: [...good.bundle, ...good.bundle] }, /given twice/],
    [{ at: 'yesterday' }, /--at yesterday/],
  ]
  for (const [change, message] of cases) {
    const { io, text } = terminal()
    const run = svidVerify({ ...good, ...change }, io)
    await t.rejects(run, { name: 'CliError', exitCode: 2, message, hint: /.{15}/ })
    t.equal(text(), '')
  }
  const { io } = terminal()
  await t.rejects(svidInspect({ file: file('empty.pem') }, io), { name: 'CliError', exitCode: 2 })
})

t.test('svid inspect shows every certificate, the true URI apart from look-alikes', async (t) => {
  const names = [dnsName('x, URI:spiffe://example.org/admin'), uriName(ID)]
  const file = await inDir(t, { 'chain.pem': pem(makeLeaf(ca, ID, { names }), ca) })
  const { io, text } = terminal()
  t.equal(await svidInspect({ file: file('chain.pem'), json: true }, io), 0)
  t.match(JSON.parse(text()), {
    svid: { ok: true, spiffe_id: ID },
    certificates: [
      {
        subject: 'O=workload',
        issuer: 'O=CA',
        not_before: '2026-11-23T09:00:00Z',
        not_after: '2026-11-23T11:00:00Z',
        ca: false,
        names: ['dns:x, URI:spiffe://example.org/admin', `uri:${ID}`],
        sha256: /^[0-9a-f]{64}$/,
      },
      { subject: 'O=CA', ca: true, names: [] },
    ],
  })
  const people = terminal()
  t.equal(await svidInspect({ file: file('chain.pem') }, people.io), 0)
  t.match(people.text(), `${ID}\n`)
  t.match(people.text(), 'certificate 2 (CA)')
})

t.test('svid inspect says what keeps a certificate from being an SVID', async (t) => {
  const file = await inDir(t, {
    'ca.pem': pem(ca),
    'cut.pem': pem(leaf, { der: leaf.der.subarray(1) }),
  })
  const { io, text } = terminal()
  t.equal(await svidInspect({ file: file('ca.pem'), json: true }, io), 1)
  t.match(JSON.parse(text()), { svid: { ok: false, code: 'ERR_SG_SVID_ID', rule: 'XV-12' } })
  const cut = terminal()
  t.equal(await svidInspect({ file: file('cut.pem') }, cut.io), 1)
  t.match(cut.text(), 'malformed: ')
})

t.test('an escape sequence in a name does not reach the terminal', async (t) => {
  const evil = makeLeaf(ca, ID, { subject: distinguishedName('a\u001b[2Jb\u202ec') })
  const file = await inDir(t, { 'evil.pem': pem(evil) })
  const { io, text } = terminal()
  t.equal(await svidInspect({ file: file('evil.pem') }, io), 0)
  t.notOk(text().includes('\u001b') || text().includes('\u202e'))
})
