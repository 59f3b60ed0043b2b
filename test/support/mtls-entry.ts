// What stands where the gateway would, and judges nothing: takes mutual TLS, puts the cloud's token in,
// passes everything on. With it a test shows what the same program would have done without the gateway.

import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'

export interface MtlsEntryOptions {
  /** Its own certificate, and the CA of the clients'. */
  readonly tls: { readonly key: string; readonly cert: string; readonly clientCa: string }
  /** Taken off the path. */
  readonly prefix: string
  readonly upstream: { readonly origin: string; readonly ca: string; readonly bearer: string }
}

export interface MtlsEntry {
  /** `https://localhost:<port>` */
  readonly origin: string
  close(): Promise<void>
}

export async function startMtlsEntry(options: MtlsEntryOptions): Promise<MtlsEntry> {
  const { key, cert, clientCa } = options.tls
  const server = createServer(
    { key, cert, ca: clientCa, requestCert: true, rejectUnauthorized: true },
    (incoming, outgoing) => {
      passOn(incoming, outgoing, options).catch(() => outgoing.destroy())
    },
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `https://localhost:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function passOn(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { prefix, upstream }: MtlsEntryOptions,
): Promise<void> {
  const { host, connection, ...headers } = incoming.headers
  void host
  void connection
  const onward = request(upstream.origin, {
    method: incoming.method ?? '',
    path: (incoming.url ?? '').slice(prefix.length),
    ca: upstream.ca,
    agent: false,
    headers: { ...headers, authorization: `Bearer ${upstream.bearer}` },
  })
  const answered = once(onward, 'response') as Promise<[IncomingMessage]>
  await pipeline(incoming, onward)
  const [answer] = await answered
  outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
  await pipeline(answer, outgoing)
}
