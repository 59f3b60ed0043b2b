// Our Workload API client before the server that SPIFFE's own library tests its clients with
// (go-spiffe, internal/test/fakeworkloadapi), which nobody here wrote. One line of it is changed: it
// names trust domains by `example.org`, the specification by `spiffe://example.org`.

import { once, EventEmitter } from 'node:events'
import { X509Certificate } from 'node:crypto'
import t, { type Test } from 'tap'
import { openWorkloadApiSource } from '../../gateway/spiffe/workload-api-source.ts'
import type { IdentitySource, SourceEvent } from '../../gateway/spiffe/source.ts'
import { systemTimers } from '../../gateway/util/timers.ts'
import { startLineProgram, type LineProgram } from '../support/line-program.ts'
import { toolPath } from '../support/tools.ts'

/** What the server says that its streams deliver. */
interface Delivered {
  readonly address: string
  readonly serials: readonly string[]
  /** PEM by trust domain. */
  readonly bundles: Readonly<Record<string, string>>
}

const GATEWAY = 'spiffe://example.org/svidgate'

interface Scene {
  readonly api: LineProgram<Delivered>
  readonly source: IdentitySource
  /** Resolves when both streams have brought what the server said; waits for events only. */
  until(isSo: () => boolean): Promise<void>
  readonly events: readonly SourceEvent[]
}

async function open(t: Test, ...commands: readonly string[]): Promise<Scene> {
  const api = await startLineProgram<Delivered>([toolPath('go-spiffe', 'workload-api')])
  t.teardown(() => api.close())
  for (const command of commands) await api.ask(command)
  const news = new EventEmitter()
  const events: SourceEvent[] = []
  const source = await openWorkloadApiSource({
    trustDomain: 'example.org',
    endpoint: api.first.address,
    clock: { now: () => Date.now() },
    timers: systemTimers,
    random: () => 0,
    observer: {
      changed: () => news.emit('news'),
      happened: (event) => {
        events.push(event)
        news.emit('news')
      },
    },
  })
  t.teardown(() => source.close())
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await once(news, 'news')
  }
  return { api, source, until, events }
}

function serialOf(source: IdentitySource): string | undefined {
  const pem = source.ownSvid()?.certPem
  // Go prints no leading zero.
  return pem === undefined
    ? undefined
    : new X509Certificate(pem).serialNumber.toLowerCase().replace(/^0+/, '')
}

function anchorsOf(source: IdentitySource, domain: string): readonly string[] {
  const anchors = source.bundles().get(domain)?.anchors ?? []
  return anchors
    .map(({ certificate: { der } }) => new X509Certificate(der).fingerprint256)
    .toSorted()
}

function fingerprints(pem = ''): readonly string[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  return blocks.map((block) => new X509Certificate(block).fingerprint256).toSorted()
}

t.test(
  'SVID and bundles, more of them, other ones, and a partner that comes and goes',
  async (t) => {
    const { api, source, until } = await open(t, `svid ${GATEWAY}`)
    const holds = ({ serials, bundles }: Delivered): boolean =>
      serialOf(source) === serials[0] &&
      ['example.org', 'partner.example'].every(
        (domain) => anchorsOf(source, domain).join() === fingerprints(bundles[domain]).join(),
      )
    const after = async (command: string): Promise<Delivered> => {
      const said = await api.ask<Delivered>(command)
      await until(() => holds(said))
      return said
    }
    const first = await after('renew')
    t.equal(source.ownSvid()?.id.text, GATEWAY)
    t.equal(anchorsOf(source, 'example.org').length, 1)
    const second = await after('renew')
    t.notSame(second.serials, first.serials, 'another SVID of the same CA')
    t.equal(second.bundles['example.org'], first.bundles['example.org'])
    const third = await after('replace')
    t.not(third.bundles['example.org'], first.bundles['example.org'], 'another CA')
    await after('federate partner.example')
    t.equal(anchorsOf(source, 'partner.example').length, 1)
    const revision = source.bundles().revision
    await after('federate')
    t.equal(source.bundles().get('partner.example'), undefined, 'gone with one message')
    t.ok(source.bundles().revision > revision)
  },
)

t.test('no identity is an answer, not an end: it asks again', async (t) => {
  const { api, source, until, events } = await open(t)
  await until(() => events.some(({ result }) => result === 'denied'))
  t.equal(source.ownSvid(), undefined)
  const { serials } = await api.ask<Delivered>(`svid ${GATEWAY}`)
  await until(() => serialOf(source) === serials[0])
  await api.ask('none')
  await until(() => source.ownSvid() === undefined)
  t.equal(source.ownSvid(), undefined, 'who is not entitled to it stops using it')
})
