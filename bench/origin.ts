// The cloud of the benchmark: answers every GET with 1 KiB and swallows every PUT.

import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { announce } from './measured.ts'
import { readSetup } from './setup.ts'

const BODY = Buffer.alloc(1024, 'x')
const HEADERS = {
  'content-type': 'application/octet-stream',
  'content-length': String(BODY.length),
  etag: '"5a7b"',
  'x-amz-request-id': '4442587FB7D0A2F9',
}

const setup = readSetup()
const server = createServer(
  { cert: readFileSync(setup.server.cert), key: readFileSync(setup.server.key) },
  (request, response) => {
    request.resume()
    request.once('end', () => {
      if (request.method === 'GET') response.writeHead(200, HEADERS).end(BODY)
      else response.writeHead(200, { 'content-length': '0', etag: '"5a7b"' }).end()
    })
  },
)
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  announce({ port, path: '/', headers: [] }, () => server.close())
})
