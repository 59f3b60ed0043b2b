// Header lines (RFC 9110 §5): what has two readings is refused, hop-by-hop and identity names are
// taken away before anything else looks. Each rule has an id that also names its test.

import { refusal, type Refusal, type RequestCode } from '../errors.ts'
import { err, ok, type Result } from '../util/result.ts'
import type { HeaderLine } from './message.ts'

// RFC 9110 §5.6.2 token, lower case. "_" is a token character and refused all the same: "X_Forwarded_User"
// and "X-Forwarded-User" are one name to CGI-like peers (oauth2-proxy CVE-2025-64484).
const NAME = /^[a-z0-9!#$%&'*+\-.^`|~]+$/
// Field content: visible bytes, blanks and tabs, 8-bit bytes; no other control (RFC 9110 §5.5), and
// nothing that is no byte, which only a document of `facts` could hold.
// eslint-disable-next-line no-control-regex
const BAD_VALUE = /[\u0000-\u0008\u000a-\u001f\u007f\u0100-\uffff]/
const EIGHT_BIT = /[\u0080-\u00ff]/

/** A second line of one of these gives two readings: the first or the last. */
const SINGLETONS: ReadonlySet<string> = new Set([
  'authorization',
  'content-encoding',
  'content-length',
  'content-md5',
  'content-type',
  'date',
  'expect',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'range',
  'transfer-encoding',
])

/** RFC 9110 §7.6.1, and what older peers treat so. Never forwarded, in neither direction. */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * Names that assert who calls, from where, or that another method is meant. The identity is the
 * SVID's and the method is the request line's, so these are dropped before policy and upstream see
 * them (draft-ietf-wimse-mutual-tls, oauth2-proxy CVE-2026-40575).
 */
const DROPPED: ReadonlySet<string> = new Set([
  'cdn-loop',
  'client-cert',
  'client-cert-chain',
  'cookie',
  'forwarded',
  'true-client-ip',
  'txn-token',
  'via',
  'workload-identity-token',
  'workload-proof-token',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-forwarded',
  'x-real-ip',
])
/** Dropped as well; but where the cloud obeys them, the request has two readings (`routing/`). */
const METHOD_OVERRIDES: ReadonlySet<string> = new Set([
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
])
const NEVER_FORWARDED: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'expect',
  ...HOP_BY_HOP,
  ...DROPPED,
  ...METHOD_OVERRIDES,
])
const DROPPED_PREFIXES = ['x-forwarded-', 'x-original-', 'x-rewrite-', 'x-svidgate-', 'x-envoy-']

export interface ReadHeaders {
  /** What may be looked at and forwarded. */
  readonly kept: ReadonlyMap<string, readonly string[]>
  readonly host: string | undefined
  readonly contentLength: string | undefined
  readonly transferEncoding: string | undefined
  readonly expect: string | undefined
  /** A header asked for another method than the request line's. */
  readonly overridesMethod: boolean
}

type Refused = Result<never, Refusal<RequestCode>>

export function readHeaders(
  lines: readonly HeaderLine[],
  maxLines: number,
): Result<ReadHeaders, Refusal<RequestCode>> {
  if (lines.length > maxLines) {
    return err(
      refusal('ERR_SG_REQUEST_HEADERS_TOO_LARGE', `more than ${maxLines} header lines`, 'RQ-H1'),
    )
  }
  const all = new Map<string, string[]>()
  for (const [spelling, value] of lines) {
    const name = spelling.toLowerCase()
    const fault = lineFault(name, value)
    if (fault !== undefined) return fault
    const values = all.get(name)
    if (values === undefined) {
      all.set(name, [value])
    } else {
      if (isSingleton(name)) return refuse('RQ-H5', `more than one ${name} line`)
      values.push(value)
    }
  }
  const connection = connectionFault(all)
  if (connection !== undefined) return connection
  return ok(separate(all))
}

function lineFault(name: string, value: string): Refused | undefined {
  if (!NAME.test(name)) return refuse('RQ-H2', 'a header name is not a token, or has an underscore')
  if (BAD_VALUE.test(value)) return refuse('RQ-H3', `control bytes or no bytes in ${name}`)
  if (isSingleton(name) && EIGHT_BIT.test(value)) {
    return refuse('RQ-H4', `bytes above 127 in ${name}`)
  }
  return undefined
}

function isSingleton(name: string): boolean {
  return SINGLETONS.has(name) || name.startsWith('x-amz-')
}

/**
 * `Connection` may name headers that the next hop must drop. A sender could use it to take away a
 * header that judged parts rely on (Fabio CVE-2025-48865), so only the two plain options pass.
 */
function connectionFault(all: ReadonlyMap<string, readonly string[]>): Refused | undefined {
  if (all.has('upgrade')) {
    return err(
      refusal('ERR_SG_REQUEST_UNSUPPORTED', 'protocol upgrades are not supported here', 'RQ-H7'),
    )
  }
  for (const line of all.get('connection') ?? []) {
    if (line === 'keep-alive' || line === 'close') continue
    for (const option of line.split(',')) {
      const name = option.trim().toLowerCase()
      if (name !== 'close' && name !== 'keep-alive' && name !== '') {
        return refuse('RQ-H6', 'Connection names something else than close or keep-alive')
      }
    }
  }
  return undefined
}

function separate(all: Map<string, string[]>): ReadHeaders {
  const host = all.get('host')?.[0]
  const contentLength = all.get('content-length')?.[0]
  const transferEncoding = all.get('transfer-encoding')?.[0]
  const expect = all.get('expect')?.[0]
  let overridesMethod = false
  for (const name of all.keys()) {
    if (!isNeverForwarded(name)) continue
    if (METHOD_OVERRIDES.has(name)) overridesMethod = true
    all.delete(name)
  }
  return { kept: all, host, contentLength, transferEncoding, expect, overridesMethod }
}

/** Lower-case names that end at the gateway: framing, hop-by-hop, and claims of identity. */
export function isNeverForwarded(name: string): boolean {
  if (NEVER_FORWARDED.has(name)) return true
  if (!name.startsWith('x-') || name.startsWith('x-amz-')) return false
  return DROPPED_PREFIXES.some((prefix) => name.startsWith(prefix))
}

function refuse(rule: string, detail: string): Refused {
  return err(refusal('ERR_SG_REQUEST_HEADERS', detail, rule))
}
