// A SPIFFE ID, read byte for byte (SPIFFE-ID.md §2). It is never normalised: policy and clouds
// compare IDs as strings, so two spellings of one ID would be two identities, and a parser that
// repairs (`URL` folds `/a/../b`, upper case and ports) would let one agent name another.

import type { Refusal, SvidCode } from '../errors.ts'
import { err, ok } from '../util/result.ts'
import type { Result } from '../util/result.ts'
import { refuse, svidRefusal } from './rules.ts'

/** SPIFFE-ID.md §2.3: implementations support 2048 bytes and should not make longer IDs. */
export const MAX_SPIFFE_ID_BYTES = 2048
/** SPIFFE-ID.md §2.3: the limit of a host name. */
export const MAX_TRUST_DOMAIN_BYTES = 255

const SCHEME = 'spiffe://'

declare const brand: unique symbol

export interface SpiffeId {
  readonly [brand]: 'SpiffeId'
  /** The ID as it was presented. */
  readonly text: string
  readonly trustDomain: string
  /** Empty for the ID of a trust domain; else begins with `/` and does not end with it. */
  readonly path: string
}

/**
 * Reads a SPIFFE ID. `text` must hold one character per byte of what was presented (latin1 of the
 * certificate's IA5String), so that no decoder stands between the bytes and this judgement.
 */
export function parseSpiffeId(text: string): Result<SpiffeId, Refusal<SvidCode>> {
  if (text.length > MAX_SPIFFE_ID_BYTES) {
    return refuse('ID-1', `the ID has ${text.length} bytes; at most ${MAX_SPIFFE_ID_BYTES}`)
  }
  if (!text.startsWith(SCHEME)) {
    return refuse('ID-1', `${shown(text)} does not begin with "${SCHEME}" in lower case`)
  }
  const slash = text.indexOf('/', SCHEME.length)
  const trustDomain = text.slice(SCHEME.length, slash === -1 ? text.length : slash)
  const path = slash === -1 ? '' : text.slice(slash)
  const problem = trustDomainProblem(trustDomain) ?? pathProblem(path)
  if (problem !== undefined) return refuse('ID-1', `${shown(text)}: ${problem}`)
  return ok(Object.freeze({ text, trustDomain, path }) as SpiffeId)
}

/** Reads the bare name of a trust domain, as configuration and command lines give it. */
export function parseTrustDomain(name: string): Result<string, Refusal<SvidCode>> {
  const problem = trustDomainProblem(name)
  return problem === undefined ? ok(name) : err(svidRefusal('ID-1', `${shown(name)}: ${problem}`))
}

/** Whether `text` may stand as one segment of a path. */
export function isPathSegment(text: string): boolean {
  return segmentProblem(text) === undefined
}

function trustDomainProblem(name: string): string | undefined {
  if (name === '') return 'the trust domain is empty'
  if (name.length > MAX_TRUST_DOMAIN_BYTES) {
    return `the trust domain has ${name.length} bytes; at most ${MAX_TRUST_DOMAIN_BYTES}`
  }
  for (let i = 0; i < name.length; i += 1) {
    const c = name.charCodeAt(i)
    if (!isLower(c) && !isDigit(c) && !isMark(c)) {
      return `the trust domain may hold a-z 0-9 . - _ only, not ${shownChar(c)}`
    }
  }
  return undefined
}

function pathProblem(path: string): string | undefined {
  if (path === '') return undefined
  let start = 1
  while (start <= path.length) {
    const slash = path.indexOf('/', start)
    const end = slash === -1 ? path.length : slash
    const problem = segmentProblem(path.slice(start, end))
    if (problem !== undefined) return problem
    start = end + 1
  }
  return undefined
}

function segmentProblem(segment: string): string | undefined {
  if (segment === '') return 'the path has an empty segment or ends with "/"'
  if (segment === '.' || segment === '..') return `the path has the segment "${segment}"`
  for (let i = 0; i < segment.length; i += 1) {
    const c = segment.charCodeAt(i)
    if (!isLower(c) && !isUpper(c) && !isDigit(c) && !isMark(c)) {
      return `the path may hold A-Z a-z 0-9 . - _ and "/" only, not ${shownChar(c)}`
    }
  }
  return undefined
}

function isLower(c: number): boolean {
  return c >= 0x61 && c <= 0x7a
}

function isUpper(c: number): boolean {
  return c >= 0x41 && c <= 0x5a
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39
}

function isMark(c: number): boolean {
  return c === 0x2e || c === 0x2d || c === 0x5f
}

/** Foreign text in a message: quoted, escaped (a newline would forge a log line) and short. */
function shown(text: string): string {
  return text.length <= 120 ? JSON.stringify(text) : `${JSON.stringify(text.slice(0, 120))}…`
}

function shownChar(c: number): string {
  return c > 0x20 && c < 0x7f ? `"${String.fromCharCode(c)}"` : `byte 0x${c.toString(16)}`
}
