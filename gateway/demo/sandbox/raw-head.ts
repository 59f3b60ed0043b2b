// The head of a request as it stood on the wire. The sandbox judges these bytes, never a parsed or
// merged form of them.

import type { IncomingMessage } from 'node:http'

export interface RawHead {
  readonly method: string
  /** The request target, unmodified. */
  readonly target: string
  readonly headers: readonly (readonly [name: string, value: string])[]
}

export function rawHead(message: IncomingMessage): RawHead {
  const headers: (readonly [string, string])[] = []
  for (let index = 0; index + 1 < message.rawHeaders.length; index += 2) {
    headers.push([message.rawHeaders[index] ?? '', message.rawHeaders[index + 1] ?? ''])
  }
  return { method: message.method ?? '', target: message.url ?? '', headers }
}

/** Lower-case names; all values of a name in wire order. */
export type HeaderIndex = ReadonlyMap<string, readonly string[]>

export function indexHeaders(head: RawHead): HeaderIndex {
  const index = new Map<string, string[]>()
  for (const [name, value] of head.headers) {
    const key = name.toLowerCase()
    const values = index.get(key)
    if (values === undefined) index.set(key, [value])
    else values.push(value)
  }
  return index
}

/** The first value; use only for names that were checked to appear once at most. */
export function single(headers: HeaderIndex, name: string): string | undefined {
  return headers.get(name)?.[0]
}

export function pathOf(target: string): string {
  const mark = target.indexOf('?')
  return mark < 0 ? target : target.slice(0, mark)
}

export function rawQueryOf(target: string): string {
  const mark = target.indexOf('?')
  return mark < 0 ? '' : target.slice(mark + 1)
}

/**
 * Percent-decodes to UTF-8 text; undefined for a malformed escape, bytes that are not UTF-8, or a
 * raw byte that may not stand in a target.
 */
export function percentDecode(raw: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(raw) || /[^\x21-\x7e]/.test(raw)) return undefined
  try {
    return decodeURIComponent(raw)
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}

/** RFC 3986 with the unreserved set of Signature Version 4: A–Z a–z 0–9 - . _ ~ */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
