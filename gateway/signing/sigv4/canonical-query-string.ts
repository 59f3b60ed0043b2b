// The CanonicalQueryString of the AWS SigV4 document: names and values encoded, then sorted by
// encoded name and, where names are equal, by encoded value; `?name` is written `name=`.

import type { QueryParameter } from '../../request/gateway-request.ts'
import { percentEncode } from './percent-encode.ts'

/** @param parameters decoded text, each encoded here as UTF-8 */
export function canonicalQueryString(parameters: readonly QueryParameter[]): string {
  if (parameters.length === 0) return ''
  const encoded: [name: string, value: string][] = parameters.map((parameter) => [
    encodeText(parameter.name),
    encodeText(parameter.value ?? ''),
  ])
  encoded.sort(byNameThenValue)
  return encoded.map(([name, value]) => `${name}=${value}`).join('&')
}

function encodeText(text: string): string {
  return percentEncode(Buffer.from(text, 'utf8').toString('latin1'), false)
}

function byNameThenValue(
  left: readonly [string, string],
  right: readonly [string, string],
): number {
  return compare(left[0], right[0]) || compare(left[1], right[1])
}

function compare(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}
