// Public HTTPS for the two documents of our issuer, as an operator puts it before `listen.issuer`.

import { once } from 'node:events'
import { createServer } from 'node:https'
import { getJson } from '../../gateway/demo/get-json.ts'

export interface IssuerFrontOptions {
  readonly address: string
  readonly port: number
  readonly tls: { readonly key: string; readonly cert: string }
  /** Where the gateway serves the documents, over plain HTTP. */
  readonly origin: string
}

export interface IssuerFront {
  /** Paths asked for, in order. */
  readonly asked: readonly string[]
  close(): Promise<void>
}

export async function startIssuerFront(options: IssuerFrontOptions): Promise<IssuerFront> {
  const asked: string[] = []
  const server = createServer(options.tls, (incoming, outgoing) => {
    const path = incoming.url ?? ''
    asked.push(path)
    getJson(options.origin + path)
      .then((document) => {
        outgoing.writeHead(200, { 'content-type': 'application/json' })
        outgoing.end(JSON.stringify(document))
      })
      .catch(() => outgoing.writeHead(502).end())
  })
  server.listen(options.port, options.address)
  await once(server, 'listening')
  return {
    asked,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
