// Bundles from https servers of this machine, by both ways in which a server can prove itself.

import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { createDevTrustDomain } from '../../../gateway/spiffe/dev-ca.ts'
import type { ServerCheck } from '../../../gateway/spiffe/federation/fetch-port.ts'
import { createBundleFetcher } from '../../../gateway/upstream/get-bundle.ts'

const now = Date.now()
const domain = createDevTrustDomain({ trustDomain: 'partner.org', now })
const web = domain.issueServerCertificate({ names: ['localhost'], now })
const svid = domain.issueSvid({ spiffeId: 'spiffe://partner.org/endpoint', ttlSeconds: 600, now })

interface Seen {
  readonly origin: string
  readonly paths: string[]
}

async function serve(
  t: Test,
  pair: { certPem: string; keyPem: string },
  answer: (server: Server) => void,
): Promise<Seen> {
  const server = createServer({ cert: pair.certPem, key: pair.keyPem })
  const paths: string[] = []
  server.on('request', (request) => paths.push(request.url ?? ''))
  answer(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { origin: `https://localhost:${(server.address() as AddressInfo).port}`, paths }
}

const saying =
  (status: number, body: string, headers: Record<string, string> = {}) =>
  (server: Server): void =>
    void server.on('request', (_request, response) => response.writeHead(status, headers).end(body))

const fetchBundle = createBundleFetcher({
  connect: () => ({
    egress: { allowPrivate: false, unsafeAllowLoopback: true },
    connectTimeoutMs: 2_000,
    lookup: (_name, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
  }),
  chainOf: (socket: TLSSocket) => [socket.getPeerX509Certificate()?.raw ?? Buffer.alloc(0)],
})

const ask = (origin: string, server: ServerCheck, limits = {}) =>
  fetchBundle({ origin, path: '/b?x=1', server, deadlineMs: 2_000, maxBytes: 1_000, ...limits })

const WEB: ServerCheck = { kind: 'web', ca: web.caPem }

t.test('https_web: the body of a server that its authorities vouch for', async (t) => {
  const { origin, paths } = await serve(t, web, saying(200, '{"keys":[]}'))
  const answer = await ask(origin, WEB)
  if (!answer.ok) throw new Error(answer.error)
  t.equal(answer.value.status, 200)
  t.equal(answer.value.body.toString(), '{"keys":[]}')
  t.same(paths, ['/b?x=1'])
})

t.test('https_web: no request reaches a server of other authorities or another name', async (t) => {
  const { origin, paths } = await serve(t, web, saying(200, '{}'))
  t.match(await ask(origin, { kind: 'web', ca: undefined }), { ok: false })
  t.match(await ask(origin.replace('localhost', 'other.test'), WEB), { ok: false })
  const spiffe = await serve(t, svid, saying(200, '{}'))
  t.match(await ask(spiffe.origin, { kind: 'web', ca: domain.caPem }), { ok: false }, 'an SVID')
  t.same([...paths, ...spiffe.paths], [])
})

t.test('https_spiffe: the judge alone decides, before a byte of the request', async (t) => {
  const { origin, paths } = await serve(t, svid, saying(200, '{}'))
  const judged: string[] = []
  const judge = (problem: string | undefined): ServerCheck => ({
    kind: 'judge',
    problem: ([leaf]) => {
      judged.push(leaf?.toString('base64') ?? '')
      return problem
    },
  })
  t.strictSame(await ask(origin, judge('not that one')), { ok: false, error: 'not that one' })
  t.same(paths, [])
  t.match(await ask(origin, judge(undefined)), { ok: true, value: { status: 200 } })
  t.equal(paths.length, 1)
  const raw = svid.certPem.replace(/-----[A-Z ]+-----|\s/g, '')
  t.same(judged, [raw, raw], 'each connection is judged anew')
})

t.test('BN: a redirect is an answer, and nobody goes there', async (t) => {
  const target = await serve(t, web, saying(200, '{"keys":[]}'))
  const { origin } = await serve(t, web, saying(302, '', { location: target.origin }))
  t.match(await ask(origin, WEB), { ok: true, value: { status: 302 } })
  t.same(target.paths, [])
})

t.test('BN: a body beyond the limit, and one that never ends', async (t) => {
  const { origin } = await serve(t, web, saying(200, 'x'.repeat(1_001)))
  t.match(await ask(origin, WEB), { ok: false, error: /too large/ })
  const slow = await serve(t, web, (server) => {
    server.on('request', (_request, response) => response.writeHead(200).write('{'))
  })
  t.match(await ask(slow.origin, WEB, { deadlineMs: 200 }), { ok: false, error: /200 ms/ })
})

t.test('the egress guard stands before it', async (t) => {
  const guarded = createBundleFetcher({
    connect: () => ({
      egress: { allowPrivate: false, unsafeAllowLoopback: false },
      connectTimeoutMs: 2_000,
    }),
    chainOf: () => [],
  })
  const { origin, paths } = await serve(t, web, saying(200, '{}'))
  const request = { origin, path: '/', server: WEB, deadlineMs: 2_000, maxBytes: 1_000 }
  t.match(await guarded(request), { ok: false, error: /EGRESS_REFUSED/ })
  t.same(paths, [])
})
