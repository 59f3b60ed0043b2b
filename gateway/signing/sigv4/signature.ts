// The signature of the AWS SigV4 document (task 4) and the header that carries it (task 5).

import { createHmac, type KeyObject } from 'node:crypto'
import { ALGORITHM } from './string-to-sign.ts'

/** @returns 64 hexadecimal digits */
export function signature(signingKey: KeyObject, text: string): string {
  return createHmac('sha256', signingKey).update(text).digest('hex')
}

export function authorizationHeader(
  accessKeyId: string,
  scope: string,
  signedHeaders: string,
  hex: string,
): string {
  return `${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${hex}`
}
