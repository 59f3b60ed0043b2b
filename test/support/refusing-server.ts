// A server that answers every request with one refusal, and counts the requests: what an SDK makes
// of our answers is judged on a real socket by the SDK's own reader.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { RefusalAnswer } from '../../gateway/respond/refusal-answer.ts'

export interface RefusingServer {
  readonly origin: string
  /** One entry a request: its method. */
  readonly requests: string[]
  close(): Promise<void>
}

export async function startRefusingServer(
  answer: (method: string) => RefusalAnswer,
): Promise<RefusingServer> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    const method = request.method ?? ''
    requests.push(method)
    request.resume()
    request.on('end', () => {
      const { status, headers, body } = answer(method)
      response.sendDate = false
      response.writeHead(status, headers.flat())
      response.end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
