// The data listener alone on a real socket, with a handler of the test's own and clients that it knows.

import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import type { Test } from 'tap'
import type { MaxAge } from '../../gateway/downstream/connections.ts'
import type { Handler } from '../../gateway/downstream/exchange.ts'
import { LISTENER_LIMITS, type ListenerLimits } from '../../gateway/downstream/limits.ts'
import { DataListener } from '../../gateway/downstream/listener.ts'
import { ServerCertificates } from '../../gateway/downstream/server-certificates.ts'
import { refusal } from '../../gateway/errors.ts'
import { createDevTrustDomain } from '../../gateway/spiffe/dev-ca.ts'
import type { PeerFields } from '../../gateway/spiffe/peer.ts'
import { err, ok } from '../../gateway/util/result.ts'
import { systemTimers } from '../../gateway/util/timers.ts'
import { peer } from './peers.ts'

export const NOW = Date.now()
const DEADLINE_MS = 5000
const domain = createDevTrustDomain({ trustDomain: 'example.org', now: NOW })
const server = domain.issueServerCertificate({ names: ['localhost'], now: NOW })
const client = domain.issueSvid({
  spiffeId: 'spiffe://example.org/agent/acme/data-crew/writer',
  now: NOW,
  ttlSeconds: 3600,
})
const certificates = new ServerCertificates([
  { names: ['localhost'], certPem: server.certPem, keyPem: server.keyPem },
])

export interface ListenerScene {
  readonly handler?: Handler
  readonly peer?: Partial<PeerFields>
  readonly limits?: Partial<ListenerLimits>
  readonly maxAge?: MaxAge
  /** Of the wall; default: it stands still. */
  readonly now?: () => number
}

/** Resolves with a function that opens one more connection. */
export async function listen(t: Test, scene: ListenerScene): Promise<() => Promise<TLSSocket>> {
  const listener = new DataListener({
    host: '127.0.0.1',
    port: 0,
    limits: { ...LISTENER_LIMITS, ...scene.limits },
    maxConnectionsPerIdentity: () => 4,
    maxConnectionAge: () => scene.maxAge ?? { ageMs: 3_600_000, graceMs: 0 },
    clock: { now: scene.now ?? (() => NOW) },
    elapsed: () => performance.now(),
    timers: systemTimers,
    random: () => 0,
    certificates: () => certificates,
    authenticate: (chain) =>
      chain.length > 0 ? ok(peer(scene.peer)) : err(refusal('ERR_SG_SVID_MISSING', 'none')),
    handler: scene.handler ?? ((exchange) => exchange.cut()),
    onUnread: () => Promise.reject(new Error('not in these tests')),
    onHandshake: () => undefined,
    onTlsFailure: () => undefined,
    onFault: (error) => t.fail(String(error)),
    onConnections: () => undefined,
  })
  const port = await listener.listen()
  t.teardown(() => listener.drain(0))
  return async () => {
    const socket = connect({
      port,
      host: '127.0.0.1',
      servername: 'localhost',
      ca: server.caPem,
      cert: client.certPem,
      key: client.keyPem,
    })
    socket.on('error', () => socket.destroy())
    t.teardown(() => socket.destroy())
    await once(socket, 'secureConnect')
    return socket
  }
}

/** However it ends, but soon. */
export function closed(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    if (socket.closed) resolve()
    else socket.once('close', () => resolve())
    setTimeout(() => reject(new Error('still open')), DEADLINE_MS).unref()
  })
}
