// The operator's deny list: SPIFFE IDs and certificate serial numbers, one a line, `#` comments.
// SVIDs have no revocation of their own, so this is how one is stopped before it expires. A line
// that cannot be read is an error with its number: a typing error must not mean "not denied".

import { readFile } from 'node:fs/promises'
import { err, ok } from '../util/result.ts'
import type { Result } from '../util/result.ts'
import { parseSpiffeId } from './id.ts'

/** RFC 5280 §4.1.2.2: 20 octets. */
const MAX_SERIAL_DIGITS = 40

export interface DenyList {
  readonly spiffeIds: ReadonlySet<string>
  /** In the form of `Certificate.serial`. */
  readonly serials: ReadonlySet<string>
}

export interface DenyListProblem {
  /** From 1; 0 for the file as a whole. */
  readonly line: number
  readonly message: string
}

export const EMPTY_DENY_LIST: DenyList = Object.freeze({
  spiffeIds: new Set<string>(),
  serials: new Set<string>(),
})

export function isDenied(
  list: DenyList,
  { spiffeId, serial }: { readonly spiffeId: string; readonly serial: string },
): boolean {
  return list.spiffeIds.has(spiffeId) || list.serials.has(serial)
}

/** Serials are hexadecimal in any case, with or without colons, as certificate tools print them. */
export function parseDenyList(text: string): Result<DenyList, readonly DenyListProblem[]> {
  const spiffeIds = new Set<string>()
  const serials = new Set<string>()
  const problems: DenyListProblem[] = []
  for (const [i, line] of text.split('\n').entries()) {
    const entry = line.replace(/#.*/, '').trim()
    if (entry === '') continue
    if (/^spiffe:/i.test(entry)) {
      const id = parseSpiffeId(entry)
      if (!id.ok) problems.push({ line: i + 1, message: id.error.detail })
      else if (id.value.path === '') {
        problems.push({
          line: i + 1,
          message: `${entry} is a whole trust domain; to stop that, remove its trust bundle`,
        })
      } else spiffeIds.add(id.value.text)
    } else {
      const serial = normaliseSerial(entry)
      if (serial !== undefined) serials.add(serial)
      else {
        problems.push({
          line: i + 1,
          message:
            `${JSON.stringify(entry.slice(0, 120))} is neither a SPIFFE ID (spiffe://…) nor a ` +
            'serial number in hexadecimal',
        })
      }
    }
  }
  return problems.length > 0 ? err(problems) : ok(Object.freeze({ spiffeIds, serials }))
}

/** Reads and parses a deny list file; a file that cannot be read is a problem like any other. */
export async function readDenyList(
  file: string,
): Promise<Result<DenyList, readonly DenyListProblem[]>> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown error'
    return err([{ line: 0, message: `${file} cannot be read: ${reason}` }])
  }
  return parseDenyList(text)
}

function normaliseSerial(text: string): string | undefined {
  if (!/^[0-9a-f]+(?::[0-9a-f]+)*$/i.test(text)) return undefined
  const digits = text.replaceAll(':', '').toLowerCase().replace(/^0+/, '')
  if (digits.length > MAX_SERIAL_DIGITS) return undefined
  return digits.length % 2 === 0 ? digits || '00' : `0${digits}`
}
