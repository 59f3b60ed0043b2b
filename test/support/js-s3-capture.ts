// The real @aws-sdk/client-s3 against a server that only notes what stands on the wire.

import { Agent, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import type { HeaderLine, MessageHead } from '../../gateway/request/message.ts'

export interface Captured {
  readonly head: MessageHead
  readonly body: Buffer
}

export interface S3Capture {
  /** What `send` puts on the wire; the answer is an empty 200, whatever the SDK makes of it. */
  capture(send: (client: S3Client) => Promise<unknown>): Promise<Captured>
  close(): Promise<void>
}

export async function startS3Capture(options: S3ClientConfig = {}): Promise<S3Capture> {
  let last: Captured | undefined
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const headers: HeaderLine[] = []
      for (let at = 0; at < request.rawHeaders.length; at += 2) {
        headers.push([request.rawHeaders[at] ?? '', request.rawHeaders[at + 1] ?? ''])
      }
      const method = request.method ?? ''
      const target = request.url ?? ''
      const head = { method, target, version: request.httpVersion, headers }
      last = { head, body: Buffer.concat(chunks) }
      response.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const httpAgent = new Agent({
    keepAlive: true,
    lookup: (_host, _options, callback) => {
      callback(null, [{ address: '127.0.0.1', family: 4 }])
    },
  })
  const client = new S3Client({
    region: 'eu-west-1',
    endpoint: `http://gw.test:${port}/aws/s3`,
    credentials: { accessKeyId: 'AKIDPLACEHOLDER', secretAccessKey: 'placeholder' },
    requestHandler: new NodeHttpHandler({ httpAgent }),
    maxAttempts: 1,
    disableHostPrefix: true,
    ...options,
  })
  return {
    async capture(send) {
      last = undefined
      await send(client).catch(() => undefined)
      if (last === undefined) throw new Error('the SDK sent nothing')
      return last
    },
    async close() {
      client.destroy()
      httpAgent.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
