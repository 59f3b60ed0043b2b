// Smithy RPC v2 CBOR (Smithy specification, "Smithy RPC v2 CBOR protocol"): a map of text strings.

import type { RefusalText, WrittenRefusal } from '../refusal-answer.ts'
import { queryError } from './json.ts'

const TEXT_STRING = 0x60
const MAP = 0xa0

/** Major type and argument (RFC 8949 §3), shortest form. */
function head(majorType: number, argument: number): Buffer {
  if (argument < 24) return Buffer.from([majorType | argument])
  if (argument < 0x100) return Buffer.from([majorType | 24, argument])
  if (argument < 0x10000) return Buffer.from([majorType | 25, argument >> 8, argument & 0xff])
  throw new TypeError('cbor: an error text has less than 64 KiB')
}

function textString(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8')
  return Buffer.concat([head(TEXT_STRING, bytes.length), bytes])
}

/** A definite-length map of text strings, in the order given. */
export function encodeTextMap(entries: readonly (readonly [string, string])[]): Buffer {
  const parts = [head(MAP, entries.length)]
  for (const [key, value] of entries) parts.push(textString(key), textString(value))
  return Buffer.concat(parts)
}

export function writeAwsCbor(text: RefusalText): WrittenRefusal {
  return {
    contentType: 'application/cbor',
    headers: [
      // A reply without this header is not read as one of the protocol's own.
      ['smithy-protocol', 'rpc-v2-cbor'],
      ['x-amzn-requestid', text.decisionId],
      ...queryError(text),
    ],
    body: encodeTextMap([
      ['__type', `com.amazon.coral.service#${text.name}`],
      ['message', text.message],
    ]),
  }
}
