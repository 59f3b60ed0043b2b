// AWS explains a refused signature by repeating what it was made of: `SignatureDoesNotMatch` holds
// the canonical request, session token included, and `ExpiredToken` the token itself. Such an answer
// must never reach the agent (docs/REFUSALS.md).

import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import type { Credential } from '../../../credential/credential.ts'
import type { HeaderLine } from '../../../request/message.ts'

/** Error documents are a few KiB; what is longer is not one, and is not passed on unseen. */
export const LONGEST_ERROR_BODY = 256 * 1024

/** True for answers that can be such an explanation, and so must be seen whole first. */
export function mayEchoCredential(status: number, headers: readonly HeaderLine[]): boolean {
  if (status !== 400 && status !== 403) return false
  return !headers.some(([name, value]) => name.toLowerCase() === 'content-length' && value === '0')
}

type Decoder = (bytes: Buffer, limit: { maxOutputLength: number }) => Buffer

/** The content codings that agents' SDKs and servers in front of a cloud agree on. */
const DECODERS: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['br', brotliDecompressSync],
  ['deflate', inflateSync],
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
])

/** What the body says, its content coding removed; undefined where that cannot be seen. */
export function plainErrorBody(body: Buffer, headers: readonly HeaderLine[]): Buffer | undefined {
  const coding = headers
    .filter(([name]) => name.toLowerCase() === 'content-encoding')
    .map(([, value]) => value.trim().toLowerCase())
    .join()
  if (coding === '' || coding === 'identity') return body
  try {
    return DECODERS.get(coding)?.(body, { maxOutputLength: LONGEST_ERROR_BODY })
  } catch {
    return undefined // Not in that coding, or too long.
  }
}

/**
 * Errors that are about our credential, not about the agent's request (S3 API Reference, "List of
 * error codes"): whether or not this one repeats it, the agent can do nothing with it.
 */
const ABOUT_CREDENTIAL =
  /<Code>(?:ExpiredToken|InvalidAccessKeyId|InvalidToken|SignatureDoesNotMatch|TokenRefreshRequired)<\/Code>/

/** `body`: without content coding. */
export function echoesCredential(body: Buffer, credential: Credential): boolean {
  if (credential.kind === 'none') return false
  if (credential.kind !== 'aws-web-identity') return body.includes(credential.accessToken.reveal())
  return (
    ABOUT_CREDENTIAL.test(body.toString('latin1')) ||
    body.includes(credential.accessKeyId) ||
    body.includes(credential.sessionToken.reveal()) ||
    body.includes(credential.secretAccessKey.reveal())
  )
}
