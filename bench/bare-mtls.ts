// What any server of agents costs at least before their first request: mTLS with Node's own judgement
// of the client's certificate, nothing resumed, and one small answer.

import { constants } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { announce } from './measured.ts'
import { readSetup } from './setup.ts'

const BODY = Buffer.alloc(1024, 'b')

const setup = readSetup()
const server = createServer(
  {
    cert: readFileSync(setup.server.cert),
    key: readFileSync(setup.server.key),
    ca: readFileSync(setup.trustBundle),
    minVersion: 'TLSv1.3',
    requestCert: true,
    rejectUnauthorized: true,
    secureOptions: constants.SSL_OP_NO_TICKET,
    keepAliveTimeout: 3_600_000,
    headersTimeout: 0,
    requestTimeout: 0,
  },
  (request, response) => {
    request.resume()
    response.writeHead(200, { 'content-length': BODY.length }).end(BODY)
  },
)
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  announce({ port, path: '/', headers: [] }, () => server.close())
})
