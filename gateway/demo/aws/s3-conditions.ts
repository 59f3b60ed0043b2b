// Preconditions and ranges of GetObject, HeadObject, PutObject and CopyObject (RFC 9110 §13 and
// §14, as the Amazon S3 API reference narrows them).

import type { StoredObject } from './object-store.ts'
import { single } from '../sandbox/raw-head.ts'
import type { HeaderIndex } from '../sandbox/raw-head.ts'

function names(list: string, etag: string): boolean {
  if (list.trim() === '*') return true
  return list.split(',').some((item) => {
    const text = item.trim()
    return text === etag || `"${text}"` === etag
  })
}

/** 412, 304, or undefined to go on. */
export function readPrecondition(
  headers: HeaderIndex,
  object: StoredObject,
): 412 | 304 | undefined {
  const modified = Math.floor(object.lastModified / 1000)
  const seconds = (name: string): number => Date.parse(single(headers, name) ?? '') / 1000
  const ifMatch = single(headers, 'if-match')
  if (ifMatch !== undefined && !names(ifMatch, object.etag)) return 412
  if (ifMatch === undefined && modified > seconds('if-unmodified-since')) return 412
  const ifNoneMatch = single(headers, 'if-none-match')
  if (ifNoneMatch !== undefined) return names(ifNoneMatch, object.etag) ? 304 : undefined
  return modified <= seconds('if-modified-since') ? 304 : undefined
}

/** True when the write must not happen: If-None-Match and If-Match of a PUT. */
export function failsWritePrecondition(
  headers: HeaderIndex,
  existing: StoredObject | undefined,
): boolean {
  const ifNoneMatch = single(headers, 'if-none-match')
  if (ifNoneMatch !== undefined && existing !== undefined && names(ifNoneMatch, existing.etag)) {
    return true
  }
  const ifMatch = single(headers, 'if-match')
  return ifMatch !== undefined && (existing === undefined || !names(ifMatch, existing.etag))
}

interface ByteRange {
  readonly from: number
  /** Exclusive. */
  readonly to: number
}

/** One range; undefined for none or for a form that S3 ignores; 'unsatisfiable' means 416. */
export function parseRange(
  header: string | undefined,
  length: number,
): ByteRange | 'unsatisfiable' | undefined {
  const parts = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '')
  if (parts === null) return undefined
  const [, first = '', last = ''] = parts
  if (first === '') {
    if (last === '') return undefined
    const wanted = Math.min(Number(last), length)
    return wanted === 0 ? 'unsatisfiable' : { from: length - wanted, to: length }
  }
  const from = Number(first)
  if (last !== '' && Number(last) < from) return undefined
  if (from >= length) return 'unsatisfiable'
  return { from, to: last === '' ? length : Math.min(Number(last) + 1, length) }
}
