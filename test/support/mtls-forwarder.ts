// For a client that can show no certificate, such as the AWS CLI: takes its plain HTTP on loopback and
// passes it on over mutual TLS, as a sidecar does. Stricter than it would have to be: to one prefix of
// one gateway only, and the body waits for the gateway's word where the client would wait for it.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Agent, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import type { DevSvid } from '../../gateway/spiffe/dev-ca.ts'

export interface MtlsForwarderOptions {
  /** Of the gateway; `https://localhost:<port>`. */
  readonly origin: string
  /** What a path has to start with. */
  readonly prefix: string
  readonly ca: string
  readonly svid: DevSvid
}

export interface MtlsForwarder {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string
  /** Method and status of each request, in the order of the answers. */
  readonly seen: readonly string[]
  close(): Promise<void>
}

/** Between two neighbours only (RFC 9110 §7.6.1); Host is that of the gateway. */
const NOT_PASSED_ON: ReadonlySet<string> = new Set(['host', 'connection', 'keep-alive'])

export async function startMtlsForwarder(options: MtlsForwarderOptions): Promise<MtlsForwarder> {
  const seen: string[] = []
  const { ca, svid } = options
  const agent = new Agent({ keepAlive: true, ca, cert: svid.certPem, key: svid.keyPem })
  const handle = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    forward(incoming, outgoing, options, agent)
      .then((status) => seen.push(`${incoming.method ?? ''} ${status}`))
      .catch(() => outgoing.destroy())
  }
  const server = createServer(handle).on('checkContinue', handle)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    seen,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      agent.destroy()
    },
  }
}

/** @returns the status of the answer */
async function forward(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { origin, prefix }: MtlsForwarderOptions,
  agent: Agent,
): Promise<number> {
  const path = incoming.url ?? ''
  if (!path.startsWith(prefix)) throw new Error(`${path} is not below ${prefix}`)
  const onward = request(origin + prefix, {
    path,
    method: incoming.method ?? '',
    agent,
    headers: ['Host', origin.slice('https://'.length), ...passedOn(incoming.rawHeaders)],
  })
  const answered = once(onward, 'response') as Promise<[IncomingMessage]>
  const sent = sendBody(incoming, outgoing, onward)
  const [answer] = await answered
  const status = answer.statusCode ?? 502
  outgoing.writeHead(status, passedOn(answer.rawHeaders))
  await pipeline(answer, outgoing)
  // A refused body has no reader any more: what is left of it goes nowhere.
  if (!onward.writableFinished) onward.destroy()
  await Promise.allSettled([sent])
  return status
}

async function sendBody(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  onward: ReturnType<typeof request>,
): Promise<void> {
  if (incoming.headers.expect !== undefined) {
    const word = await Promise.race([
      once(onward, 'continue').then(() => 'continue'),
      once(onward, 'response').then(() => 'refused'),
    ])
    if (word === 'refused') return
    outgoing.writeContinue()
  }
  await pipeline(incoming, onward)
}

/** Names and values in turn, as `rawHeaders` has them. */
function passedOn(rawHeaders: readonly string[]): string[] {
  const kept: string[] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = rawHeaders.slice(at, at + 2)
    if (!NOT_PASSED_ON.has(name.toLowerCase())) kept.push(name, value)
  }
  return kept
}
