// SPIRE and what a test needs of it, in a private network.

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { ConnectionOptions } from 'node:tls'
import type { Test } from 'tap'
import type { DevSvid } from '../../../gateway/spiffe/dev-ca.ts'
import type { TestGateway } from '../../support/running-gateway.ts'
import { Spire, type SvidFiles } from '../../support/spire.ts'
import { clientOptions } from '../../support/tls-client.ts'

/** Ports by trust domain; each test file has a network of its own. */
const PORTS = {
  'example.org': { port: 8081, bundlePort: 8443 },
  'partner.example': { port: 8082, bundlePort: 8444 },
} as const

export async function openSpire(
  t: Test,
  trustDomain: keyof typeof PORTS = 'example.org',
): Promise<Spire> {
  // Not under TMPDIR: a path of a socket has 107 bytes at most (unix(7)).
  const dir = await mkdtemp('/tmp/svidgate-spire-')
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  const spire = await Spire.start({ dir, trustDomain, ...PORTS[trustDomain] })
  t.teardown(() => spire.stop())
  return spire
}

/** In the form that test clients take. */
export async function svidOf(files: SvidFiles): Promise<DevSvid> {
  return {
    certPem: await readFile(files.cert, 'utf8'),
    keyPem: await readFile(files.key, 'utf8'),
  }
}

/** For what SPIRE tells nobody: its agent asks the server every second. */
export async function untilTrue(isSo: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('it did not come to be')
    await delay(250)
  }
}

/** The gateway's trust and its own certificate from SPIRE, and no limit on how fast an agent works. */
export function withWorkloadApi(text: string, { endpoint }: Spire): string {
  return text
    .replace(/tls: \[.*\]/, 'tls: [ { kind: svid } ]')
    .replace(/source: \{.*\}/, `source: { kind: workload-api, socket: "${endpoint}" }`)
    .concat('limits: { perIdentity: { requestsPerSecond: 100000 } }\n')
}

/** The line of the gateway's log that says that it has a certificate to show. */
export const OWN_SVID = /x509_svid.*updated|updated.*x509_svid/

/** Looks at nothing of the gateway's certificate, which has no name: go-spiffe's clients do. */
export function rawClient(test: TestGateway, svid: DevSvid): ConnectionOptions {
  return { ...clientOptions(test, svid), rejectUnauthorized: false }
}
