// Writes a JSON answer as Google's front ends do.

import type { ServerResponse } from 'node:http'
import type { GoogleFault } from './fault.ts'
import { errorDocument } from './fault.ts'
import type { Result } from '../../util/result.ts'
import type { SandboxRequest } from '../sandbox/request-log.ts'

export function writeJson(
  response: ServerResponse,
  status: number,
  document: object,
  now: number,
): void {
  const body = Buffer.from(JSON.stringify(document))
  response.writeHead(status, {
    'content-type': 'application/json; charset=UTF-8',
    'content-length': body.length,
    'cache-control': 'private',
    vary: 'Origin, X-Origin, Referer',
    date: new Date(now).toUTCString(),
    ...(status === 401
      ? { 'www-authenticate': 'Bearer realm="https://accounts.google.com/", error="invalid_token"' }
      : {}),
  })
  response.end(body)
}

/** Answers an API's result, and notes the verdict. */
export function answerGoogle(
  response: ServerResponse,
  entry: SandboxRequest,
  result: Result<object, GoogleFault>,
  now: number,
): void {
  const noted = entry
  noted.verdict = result.ok ? 'accepted' : 'refused'
  noted.code = result.ok ? undefined : result.error.reason
  noted.status = result.ok ? 200 : result.error.status
  writeJson(response, noted.status, result.ok ? result.value : errorDocument(result.error), now)
}
