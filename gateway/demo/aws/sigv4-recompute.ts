// Recomputes a Signature Version 4 from the raw request, step by step as "Create a signed AWS API
// request" names them: canonical request, string to sign, signing key, signature.

import { createHash, createHmac } from 'node:crypto'
import {
  indexHeaders,
  pathOf,
  percentDecode,
  percentEncode,
  rawQueryOf,
  single,
} from '../sandbox/raw-head.ts'
import type { HeaderIndex, RawHead } from '../sandbox/raw-head.ts'

export const ALGORITHM = 'AWS4-HMAC-SHA256'

export interface SigV4Authorization {
  readonly accessKeyId: string
  readonly date: string
  readonly region: string
  readonly service: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([A-Z0-9]{16,128})\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request, ?SignedHeaders=([a-z0-9;_.-]+), ?Signature=([0-9a-f]{64})$/

export function parseAuthorization(value: string): SigV4Authorization | undefined {
  const parts = AUTHORIZATION.exec(value)
  if (parts === null) return undefined
  const [, accessKeyId = '', date = '', region = '', service = '', names = '', signature = ''] =
    parts
  const signedHeaders = names.split(';')
  const isSorted = signedHeaders.every(
    (name, index) => index === 0 || (signedHeaders[index - 1] ?? '') < name,
  )
  if (!isSorted) return undefined
  return { accessKeyId, date, region, service, signedHeaders, signature }
}

function sha256Hex(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'latin1').digest()
}

/** Decoded once and encoded once, never normalised: S3's rule, where `a//../b` is a key. */
function canonicalPath(target: string): string | undefined {
  return percentDecode(pathOf(target))?.split('/').map(percentEncode).join('/')
}

function canonicalQuery(target: string): string | undefined {
  const raw = rawQueryOf(target)
  if (raw === '') return ''
  if (raw.includes('+')) return undefined
  const pairs: (readonly [string, string])[] = []
  for (const part of raw.split('&')) {
    const equals = part.indexOf('=')
    const name = percentDecode(equals < 0 ? part : part.slice(0, equals))
    const value = percentDecode(equals < 0 ? '' : part.slice(equals + 1))
    if (name === undefined || value === undefined || name === '') return undefined
    pairs.push([percentEncode(name), percentEncode(value)])
  }
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
  return pairs
    .toSorted((a, b) => order(a[0], b[0]) || order(a[1], b[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

function canonicalHeaders(headers: HeaderIndex, signed: readonly string[]): string {
  return signed
    .map((name) => {
      const values = headers.get(name) ?? []
      return `${name}:${values.map((value) => value.trim().replace(/ +/g, ' ')).join(',')}\n`
    })
    .join('')
}

interface RecomputedSignature {
  readonly canonicalRequest: string
  readonly stringToSign: string
  readonly signature: Buffer
}

/** What the signature must be; undefined when path or query have no single reading. */
export function recomputeSignature(
  head: RawHead,
  authorization: SigV4Authorization,
  secretAccessKey: string,
): RecomputedSignature | undefined {
  const headers = indexHeaders(head)
  const path = canonicalPath(head.target)
  const query = canonicalQuery(head.target)
  if (path === undefined || query === undefined) return undefined
  const canonicalRequest = [
    head.method,
    path,
    query,
    canonicalHeaders(headers, authorization.signedHeaders),
    authorization.signedHeaders.join(';'),
    single(headers, 'x-amz-content-sha256') ?? '',
  ].join('\n')
  const { date, region, service } = authorization
  const stringToSign = [
    ALGORITHM,
    single(headers, 'x-amz-date') ?? '',
    `${date}/${region}/${service}/aws4_request`,
    sha256Hex(canonicalRequest),
  ].join('\n')
  const dateKey = hmac(`AWS4${secretAccessKey}`, date)
  const signingKey = hmac(hmac(hmac(dateKey, region), service), 'aws4_request')
  return { canonicalRequest, stringToSign, signature: hmac(signingKey, stringToSign) }
}
