// A TLS client of the data listener that a test sets up as it likes, and what the listener made of
// it. Under TLS 1.3 the client is done before the server has judged it: a refusal is a connection
// that ends without a byte, not a failed handshake.

import { connect, type ConnectionOptions } from 'node:tls'
import { exposition } from './health.ts'
import { RawConnection } from './raw-connection.ts'
import type { TestGateway } from './running-gateway.ts'

export interface ClientKey {
  readonly certPem: string
  readonly keyPem: string
}

export function clientOptions(
  test: Pick<TestGateway, 'port' | 'webCaPem'>,
  key: ClientKey | undefined,
): ConnectionOptions {
  return {
    port: test.port,
    host: '127.0.0.1',
    servername: 'localhost',
    ca: test.webCaPem,
    ...(key === undefined ? {} : { cert: key.certPem, key: key.keyPem }),
  }
}

/** Resolves after the client's part of the handshake; rejects with its error. */
export function openTls(options: ConnectionOptions): Promise<RawConnection> {
  return new Promise((resolve, reject) => {
    const socket = connect(options)
    socket.once('error', reject)
    socket.once('secureConnect', () => {
      socket.removeListener('error', reject)
      resolve(new RawConnection(socket))
    })
  })
}

export const LIST_REPORTS = [
  'GET /aws/s3/reports?list-type=2 HTTP/1.1',
  'host: localhost',
  'authorization: AWS4-HMAC-SHA256 Credential=AKIDPLACEHOLDER/20261123/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=00',
  '\r\n',
].join('\r\n')

/** Sends a request and reports how it went: the status, or that the connection ended without one. */
export async function knock(options: ConnectionOptions): Promise<number | 'closed' | 'failed'> {
  let connection: RawConnection
  try {
    connection = await openTls(options)
  } catch {
    return 'failed'
  }
  connection.write(LIST_REPORTS)
  try {
    return (await connection.answer()).status
  } catch {
    return connection.length === 0 ? 'closed' : 0
  } finally {
    connection.socket.destroy()
  }
}

/** `svidgate_handshakes_total` by `result code`. */
export async function handshakes(test: TestGateway): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>()
  for (const [sample, value] of (await exposition(test)).samples) {
    const [, result = '', code = ''] =
      /^svidgate_handshakes_total\{result="([^"]*)",code="([^"]*)"\}$/.exec(sample) ?? []
    if (result !== '') counts.set(`${result} ${code}`, value)
  }
  return counts
}
