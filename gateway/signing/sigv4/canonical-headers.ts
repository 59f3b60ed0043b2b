// CanonicalHeaders and SignedHeaders of the AWS SigV4 document: sorted by name, runs of blanks in a
// value folded to one, the values of lines that share a name joined by commas in wire order.

import type { HeaderLine } from '../../request/message.ts'

export interface CanonicalHeaders {
  /** `name:value\n` for each name. */
  readonly text: string
  /** `name;name` */
  readonly signedHeaders: string
}

const BLANKS = /[ \t]+/g

/** @param headers the lines to sign; names in lower case */
export function canonicalHeaders(headers: readonly HeaderLine[]): CanonicalHeaders {
  const sorted = headers.toSorted(byName)
  let text = ''
  let signedHeaders = ''
  let previous: string | undefined
  for (const [name, value] of sorted) {
    const folded = foldBlanks(value)
    if (name === previous) {
      text += `,${folded}`
      continue
    }
    if (previous !== undefined) {
      text += '\n'
      signedHeaders += ';'
    }
    text += `${name}:${folded}`
    signedHeaders += name
    previous = name
  }
  return { text: previous === undefined ? '' : `${text}\n`, signedHeaders }
}

/** Stable, so that lines of one name keep their order. */
function byName(left: HeaderLine, right: HeaderLine): number {
  if (left[0] === right[0]) return 0
  return left[0] < right[0] ? -1 : 1
}

/** Only SP and HTAB: `\s` would also take U+00A0, which is a byte of the value here. */
function foldBlanks(value: string): string {
  let start = 0
  let end = value.length
  // A session token has a thousand characters: searching for blanks is cheaper than matching.
  const isPlain = !value.includes('\t') && !value.includes('  ')
  if (isPlain && !isBlank(value.charCodeAt(0)) && !isBlank(value.charCodeAt(end - 1))) return value
  while (start < end && isBlank(value.charCodeAt(start))) start += 1
  while (end > start && isBlank(value.charCodeAt(end - 1))) end -= 1
  return value.slice(start, end).replace(BLANKS, ' ')
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}
