// The CanonicalURI of the AWS SigV4 document. It starts from the path as it goes on the wire. Every
// service but the S3 family takes that path normalised and then encodes each segment once more
// (wire `%3A` is signed as `%253A`); S3 takes it as it is, because `a//b`, `./a` and `a` are
// different keys there: normalising would sign, and let AWS serve, another object than was judged.

import { percentEncode } from './percent-encode.ts'

export interface CanonicalUriRules {
  /** Drop empty and dot segments (RFC 3986 §5.2.4). */
  readonly normalise: boolean
  /** Percent-encode what is on the wire once more. */
  readonly encodeAgain: boolean
}

export const S3_URI_RULES: CanonicalUriRules = { normalise: false, encodeAgain: false }
export const DEFAULT_URI_RULES: CanonicalUriRules = { normalise: true, encodeAgain: true }

/** Signing names whose paths are keys (botocore `S3SigV4Auth`, Smithy `uriEscapePath`). */
const S3_FAMILY: ReadonlySet<string> = new Set([
  's3',
  's3express',
  's3-outposts',
  's3-object-lambda',
])

export function uriRulesOf(signingName: string): CanonicalUriRules {
  return S3_FAMILY.has(signingName) ? S3_URI_RULES : DEFAULT_URI_RULES
}

/** @param path latin1 text that starts with `/` */
export function canonicalUri(path: string, rules: CanonicalUriRules): string {
  const normalised = rules.normalise ? removeDotSegments(path) : path
  return rules.encodeAgain ? percentEncode(normalised, true) : normalised
}

function removeDotSegments(path: string): string {
  const kept: string[] = []
  const segments = path.split('/')
  for (const segment of segments) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  if (kept.length === 0) return '/'
  return `/${kept.join('/')}${isDirectory(segments) ? '/' : ''}`
}

function isDirectory(segments: readonly string[]): boolean {
  const last = segments[segments.length - 1]
  return last === '' || last === '.' || last === '..'
}
