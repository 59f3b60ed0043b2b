// AWS explains a refused signature by repeating what it was made of: `SignatureDoesNotMatch` holds
// the canonical request, session token included, and `ExpiredToken` the token itself. Such an answer
// must never reach the agent (contract §7).

import type { Credential } from '../../../credential/credential.ts'
import type { HeaderLine } from '../../../request/message.ts'

/** Error documents are a few KiB; what is longer is not one, and is not passed on unseen. */
export const LONGEST_ERROR_BODY = 256 * 1024

/** True for answers that can be such an explanation, and so must be seen whole first. */
export function mayEchoCredential(status: number, headers: readonly HeaderLine[]): boolean {
  if (status !== 400 && status !== 403) return false
  return !headers.some(([name, value]) => name.toLowerCase() === 'content-length' && value === '0')
}

/**
 * Errors that are about our credential, not about the agent's request (S3 API Reference, "List of
 * error codes"): whether or not this one repeats it, the agent can do nothing with it.
 */
const ABOUT_CREDENTIAL =
  /<Code>(?:ExpiredToken|InvalidAccessKeyId|InvalidToken|SignatureDoesNotMatch|TokenRefreshRequired)<\/Code>/

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
