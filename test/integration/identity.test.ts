// Who may speak at all: what our validator refuses ends in the handshake, before a byte of HTTP is
// read, with its code in our log and our counters and nothing told to the peer.

import t from 'tap'
import {
  HOUR,
  basicConstraints,
  dnsName,
  ecKey,
  keyUsage,
  makeCa,
  makeLeaf,
  pem,
  uriName,
  type Issuer,
  type LeafOptions,
  type TestCertificate,
} from '../support/ca.ts'
import { agentId, startTestGateway } from '../support/running-gateway.ts'
import { clientOptions, handshakes, knock, type ClientKey } from '../support/tls-client.ts'

const NOW = Date.now()
const VALID = { notBefore: NOW - HOUR, notAfter: NOW + HOUR }
const LONG = { notBefore: NOW - 24 * HOUR, notAfter: NOW + 24 * HOUR }
const WRITER = agentId('writer')

const root = makeCa('root of our own', LONG)
const inner = makeCa('inner', { ...LONG, issuer: root })
const innermost = makeCa('innermost', { ...LONG, issuer: inner })
const foreign = makeCa('somebody else', LONG)

function key(end: TestCertificate, ...chain: readonly TestCertificate[]): ClientKey {
  const keyPem = end.keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { certPem: pem(end, ...chain), keyPem }
}

function leaf(issuer: Issuer, id: string, options: LeafOptions = {}): TestCertificate {
  return makeLeaf(issuer, id, { ...VALID, ...options })
}

const REFUSED: { id: string; client: ClientKey | undefined; code: string }[] = [
  { id: 'no certificate', client: undefined, code: 'ERR_SG_SVID_MISSING' },
  {
    id: 'a CA that nobody trusts',
    client: key(leaf(foreign, WRITER)),
    code: 'ERR_SG_SVID_CHAIN',
  },
  {
    id: 'a CA that nobody trusts, brought along',
    client: key(leaf(foreign, WRITER), foreign),
    code: 'ERR_SG_SVID_CHAIN',
  },
  {
    id: 'expired',
    client: key(leaf(root, WRITER, { notAfter: NOW - 1000 })),
    code: 'ERR_SG_SVID_EXPIRED',
  },
  {
    id: 'not yet valid',
    client: key(leaf(root, WRITER, { notBefore: NOW + HOUR / 2 })),
    code: 'ERR_SG_SVID_NOT_YET_VALID',
  },
  {
    id: 'a path that is no agent',
    client: key(leaf(root, 'spiffe://example.org/svidgate')),
    code: 'ERR_SG_SVID_GRAMMAR',
  },
  {
    id: 'a trust domain that is not known',
    client: key(leaf(root, 'spiffe://partner.org/agent/acme/data-crew/writer')),
    code: 'ERR_SG_SVID_TRUST_DOMAIN',
  },
  {
    id: 'two URI names',
    client: key(leaf(root, WRITER, { names: [uriName(WRITER), uriName(agentId('researcher'))] })),
    code: 'ERR_SG_SVID_ID',
  },
  {
    id: 'a DNS name only',
    client: key(leaf(root, WRITER, { names: [dnsName('writer.example.org')] })),
    code: 'ERR_SG_SVID_ID',
  },
  {
    id: 'a CA certificate as the leaf',
    client: key(leaf(root, WRITER, { basicConstraints: basicConstraints(true) })),
    code: 'ERR_SG_SVID_USAGE',
  },
  {
    id: 'a key that signs certificates',
    client: key(leaf(root, WRITER, { keyUsage: keyUsage(0x84) })),
    code: 'ERR_SG_SVID_USAGE',
  },
  {
    id: 'an intermediate that is missing',
    client: key(leaf(inner, WRITER)),
    code: 'ERR_SG_SVID_CHAIN',
  },
]

t.test('an identity that does not hold is cut before HTTP, and counted', async (t) => {
  const test = await startTestGateway({ alsoTrusted: pem(root) })
  t.teardown(() => test.close())
  const expected = new Map<string, number>()
  for (const { id, client, code } of REFUSED) {
    t.equal(await knock(clientOptions(test, client)), 'closed', id)
    const line = test.log.findLast((text) => text.includes('refused in the handshake')) ?? ''
    t.match(JSON.parse(line), { code }, `${id}: logged`)
    expected.set(`refused ${code}`, (expected.get(`refused ${code}`) ?? 0) + 1)
  }
  t.same(await handshakes(test), expected)
  const records = await test.stop()
  t.same(new Set(records.map(({ type }) => type)), new Set(['open', 'close']), 'no decision')
  t.equal(test.cloud.requests.length, 0)
})

t.test('intermediates that the agent sends count, in any order and company', async (t) => {
  const test = await startTestGateway({ alsoTrusted: pem(root) })
  t.teardown(() => test.close())
  const direct = leaf(root, WRITER)
  const deep = leaf(innermost, WRITER, { keys: ecKey('P-384') })
  const rows: { id: string; client: ClientKey }[] = [
    { id: 'none needed', client: key(direct) },
    { id: 'in order', client: key(deep, innermost, inner) },
    { id: 'the wrong order', client: key(deep, inner, innermost) },
    { id: 'a stranger between them', client: key(deep, innermost, foreign, inner) },
    { id: 'with the root', client: key(deep, innermost, inner, root) },
  ]
  for (const { id, client } of rows) {
    t.equal(await knock(clientOptions(test, client)), 403, `${id}: judged by policy`)
  }
  t.equal((await handshakes(test)).get('accepted ok'), rows.length)
})
