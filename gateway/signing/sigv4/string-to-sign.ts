// The string to sign of the AWS SigV4 document (task 3).

export const ALGORITHM = 'AWS4-HMAC-SHA256'

export function stringToSign(
  timestamp: string,
  scope: string,
  canonicalRequestHash: string,
): string {
  return `${ALGORITHM}\n${timestamp}\n${scope}\n${canonicalRequestHash}`
}
