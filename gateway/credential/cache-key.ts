// Cache keys: every input of an exchange as one length-safe tuple. Plain joining would let
// (`ab`, `cd`) and (`a`, `bcd`) share a credential: that has happened elsewhere.

import { createHash } from 'node:crypto'

/** Injective: two different lists never give the same text. */
export function tupleKey(parts: readonly (string | undefined)[]): string {
  let key = ''
  for (const part of parts) key += part === undefined ? '-:' : `${part.length}:${part}`
  return key
}

/** SHA-256, base64url. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
