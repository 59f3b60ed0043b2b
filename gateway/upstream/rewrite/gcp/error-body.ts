// Google's errors seldom repeat a token, but proxies and front ends before an API do, whole or in
// part. And a 401 is always about our token: the agent sent none, and the Python client answers a 401
// with a failure of its own that hides the reason.

import type { GcpCredential } from '../../../credential/credential.ts'
import type { HeaderLine } from '../../../request/message.ts'

/** Every error is seen whole first: Google's have a few KiB. */
export function mayEchoGoogle(status: number): boolean {
  return status >= 400
}

/**
 * Characters. A part of a token that is at least twice as long holds one whole block, at whatever
 * place it was cut, and whichever characters of the rest were escaped.
 */
const BLOCK = 24

/** Whatever it says, and whether or not that can be read. */
export function isGoogleTokenRefused(status: number): boolean {
  return status === 401
}

export function isAboutGoogleCredential(
  headers: readonly HeaderLine[],
  body: Buffer,
  credential: GcpCredential,
): boolean {
  const token = credential.accessToken.reveal()
  if (token.length < BLOCK) return holds(headers, body, token)
  for (let at = 0; at + BLOCK <= token.length; at += BLOCK) {
    if (holds(headers, body, token.slice(at, at + BLOCK))) return true
  }
  return false
}

function holds(headers: readonly HeaderLine[], body: Buffer, text: string): boolean {
  return body.includes(text) || headers.some(([, value]) => value.includes(text))
}
