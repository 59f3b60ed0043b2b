// AWS explains a refused signature by repeating what it was made of: `SignatureDoesNotMatch` holds
// the canonical request, session token included, and `ExpiredToken` the token itself.

import type { AwsCredential } from '../../../credential/credential.ts'
import type { HeaderLine } from '../../../request/message.ts'

export function mayEchoAws(status: number, headers: readonly HeaderLine[]): boolean {
  if (status !== 400 && status !== 403) return false
  return !headers.some(([name, value]) => name.toLowerCase() === 'content-length' && value === '0')
}

/**
 * Errors that are about our credential, not about the agent's request (S3 API Reference, "List of
 * error codes"): whether or not this one repeats it, the agent can do nothing with it.
 */
const ABOUT_CREDENTIAL =
  /<Code>(?:ExpiredToken|InvalidAccessKeyId|InvalidToken|SignatureDoesNotMatch|TokenRefreshRequired)<\/Code>/

/** `body`: without content coding. */
export function isAboutAwsCredential(body: Buffer, credential: AwsCredential): boolean {
  return (
    ABOUT_CREDENTIAL.test(body.toString('latin1')) ||
    body.includes(credential.accessKeyId) ||
    body.includes(credential.sessionToken.reveal()) ||
    body.includes(credential.secretAccessKey.reveal())
  )
}
