// Where the Workload API is (SPIFFE_Workload_Endpoint.md §4): `unix:///path` or `tcp://address:port`.
// What the specification gives no meaning to is refused. It has no TLS and no client authentication,
// and hands out private keys: over TCP it must be this machine.

import { err, ok } from '../../util/result.ts'
import type { Result } from '../../util/result.ts'

/** The environment variable by which a workload learns of it (§4). */
export const ENDPOINT_VARIABLE = 'SPIFFE_ENDPOINT_SOCKET'

/** The longest path of a Unix socket on Linux: `sun_path` with its terminator has 108 bytes. */
const MAX_SOCKET_PATH = 107

const OCTET = '(25[0-5]|2[0-4]\\d|1?\\d?\\d)'
const LOOPBACK_V4 = new RegExp(`^127(\\.${OCTET}){3}$`)

/** Gives the target as gRPC names it. */
export function parseWorkloadEndpoint(text: string): Result<string, string> {
  if (text.startsWith('unix:')) {
    const path = /^unix:\/\/(\/[^\0?#]+)$/.exec(text)?.[1]
    if (path === undefined) return err('a Unix socket is written unix:///absolute/path')
    if (Buffer.byteLength(path) > MAX_SOCKET_PATH) {
      return err(`the path of a Unix socket has at most ${MAX_SOCKET_PATH} bytes`)
    }
    return ok(`unix:${path}`)
  }
  const tcp = /^tcp:\/\/(?:\[([0-9a-f:.]+)\]|([0-9.]+)):([1-9]\d{0,4})$/.exec(text)
  const [v6, v4, port] = [tcp?.[1], tcp?.[2], Number(tcp?.[3])]
  if (tcp === null || port > 65535) {
    return err('expected unix:///absolute/path or tcp://<IP address>:<port>')
  }
  if (v6 === '::1') return ok(`ipv6:[::1]:${port}`)
  if (v4 !== undefined && LOOPBACK_V4.test(v4)) return ok(`ipv4:${v4}:${port}`)
  return err('over TCP the Workload API must be on this machine: private keys travel in the clear')
}
