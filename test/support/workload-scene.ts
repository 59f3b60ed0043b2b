// A whole gateway whose identity comes from a Workload API of the test's own.

import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import type { Test } from 'tap'
import { connect } from 'node:tls'
import { once } from 'node:events'
import { createDevTrustDomain, type DevTrustDomain } from '../../gateway/spiffe/dev-ca.ts'
import { ask } from './http-client.ts'
import { startTestGateway, TRUST_DOMAIN, type TestGateway } from './running-gateway.ts'
import type { TestGatewayOptions } from './running-gateway.ts'
import { bundlesOf, ders, socketFolder, svidParts, WorkloadApi } from './workload-api.ts'

export const GATEWAY_ID = `spiffe://${TRUST_DOMAIN}/svidgate`

export interface WorkloadScene {
  readonly test: TestGateway
  readonly api: WorkloadApi
  /** Delivers an SVID of the gateway, made by `of`, and gives it. */
  deliverSvid(of?: DevTrustDomain): { readonly certPem: string }
  deliverBundles(domains: Readonly<Record<string, readonly string[]>>): void
  /** Waits until /readyz says so. */
  untilReady(status: 200 | 503): Promise<void>
}

/** Nothing is delivered yet. */
export async function startWorkloadScene(
  t: Test,
  options: TestGatewayOptions = {},
): Promise<WorkloadScene> {
  const { dir, remove } = await socketFolder()
  const api = await WorkloadApi.start(join(dir, 's'))
  const test = await startTestGateway({
    ...options,
    config: (text) => {
      const changed = text
        .replace(
          'source: { kind: files, trustBundle: ./bundle.pem }',
          `source: { kind: workload-api, socket: "${api.endpoint}" }`,
        )
        .replace('tls: [ {', 'tls: [ { kind: svid }, {')
      return options.config?.(changed) ?? changed
    },
  })
  t.teardown(async () => {
    await test.close()
    api.stop()
    await remove()
  })
  return {
    test,
    api,
    deliverSvid: (of = test.domain) => {
      const svid = of.issueSvid({ spiffeId: GATEWAY_ID, ttlSeconds: 600, now: Date.now() })
      api.answer('FetchX509SVID', { svids: [svidParts(GATEWAY_ID, svid, of.caPem)] })
      return svid
    },
    deliverBundles: (domains) => {
      const entries = Object.entries(domains).map(([name, pems]) => [name, ders(...pems)])
      api.answer('FetchX509Bundles', bundlesOf(Object.fromEntries(entries)))
    },
    untilReady: async (status) => {
      for (;;) {
        const reply = await ask({ port: test.gateway.listeners.healthPort }, { path: '/readyz' })
        if (reply.status === status) return
      }
    },
  }
}

/** What a client without SNI, or with this one, is shown; undefined: the handshake failed. */
export async function shownLeaf(
  { port }: TestGateway,
  servername?: string,
): Promise<string | undefined> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ...(servername === undefined ? {} : { servername }),
  })
  try {
    await once(socket, 'secureConnect')
    return socket.getPeerX509Certificate()?.toString()
  } catch {
    return undefined
  } finally {
    socket.on('error', () => undefined)
    socket.destroy()
  }
}

/** The same text for the same certificate. */
export function leafOf({ certPem }: { readonly certPem: string }): string {
  return new X509Certificate(certPem).toString()
}

export function otherDomain(trustDomain = TRUST_DOMAIN): DevTrustDomain {
  return createDevTrustDomain({ trustDomain, now: Date.now() })
}
