// Pages of rows: `maxResults`, `startIndex` and the opaque `pageToken` ("Paging through table data").

import { err, ok } from '../../../util/result.ts'
import type { Result } from '../../../util/result.ts'
import type { GoogleFault } from '../fault.ts'
import { bad } from '../head.ts'
import type { Row } from '../sql/values.ts'

const MAX_PAGE = 10_000

export interface Page {
  readonly rows: readonly Row[]
  /** Undefined at the end. */
  readonly nextToken: string | undefined
}

function numberIn(query: ReadonlyMap<string, string>, name: string): number | undefined {
  const text = query.get(name)
  if (text === undefined) return undefined
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
}

/** `of`: what is paged, so that a token of one result opens no other. */
export function firstPage(rows: readonly Row[], size: number | undefined, of: string): Page {
  return pageFrom(rows, 0, size ?? MAX_PAGE, of)
}

function pageFrom(rows: readonly Row[], from: number, size: number, of: string): Page {
  const end = from + Math.min(size, MAX_PAGE)
  const isLast = end >= rows.length
  const nextToken = isLast
    ? undefined
    : Buffer.from(JSON.stringify([of, end])).toString('base64url')
  return { rows: rows.slice(from, end), nextToken }
}

function tokenOffset(token: string, of: string): number | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'))
    if (!Array.isArray(parsed) || parsed[0] !== of) return undefined
    const offset: unknown = parsed[1]
    return typeof offset === 'number' && Number.isSafeInteger(offset) ? offset : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

export function page(
  rows: readonly Row[],
  query: ReadonlyMap<string, string>,
  of: string,
): Result<Page, GoogleFault> {
  const size = numberIn(query, 'maxResults') ?? MAX_PAGE
  const start = numberIn(query, 'startIndex') ?? 0
  if (Number.isNaN(size) || Number.isNaN(start)) {
    return err(bad('maxResults and startIndex must be numbers'))
  }
  const token = query.get('pageToken')
  if (token === undefined) return ok(pageFrom(rows, start, size, of))
  const offset = tokenOffset(token, of)
  if (offset === undefined) return err(bad('Invalid pageToken'))
  return ok(pageFrom(rows, offset, size, of))
}
