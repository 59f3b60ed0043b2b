// A plain carrier for the outbound port, for tests that need a socket.

import { request as httpRequest } from 'node:http'
import type {
  HttpPost,
  OutboundAnswer,
  OutboundFailure,
} from '../../gateway/credential/outbound.ts'
import type { HeaderLine } from '../../gateway/request/message.ts'
import { err, ok, type Result } from '../../gateway/util/result.ts'

export const httpPost: HttpPost = (origin, path, headers, body, limits) =>
  new Promise<Result<OutboundAnswer, OutboundFailure>>((resolve) => {
    const request = httpRequest(`${origin}${path}`, {
      method: 'POST',
      agent: false,
      timeout: limits.deadlineMs,
      headers: { ...Object.fromEntries(headers), 'content-length': body.length },
    })
    request.on('timeout', () => request.destroy(new Error('timeout')))
    request.on('error', (error) => resolve(err({ kind: 'unreachable', detail: error.message })))
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', (error) => resolve(err({ kind: 'protocol', detail: error.message })))
      response.on('end', () => {
        const lines: HeaderLine[] = []
        for (let index = 0; index + 1 < response.rawHeaders.length; index += 2) {
          lines.push([response.rawHeaders[index] ?? '', response.rawHeaders[index + 1] ?? ''])
        }
        resolve(
          ok({ status: response.statusCode ?? 0, headers: lines, body: Buffer.concat(chunks) }),
        )
      })
    })
    request.end(body)
  })
