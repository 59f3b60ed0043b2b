// What a key's own file says of its life, in lines before the PEM block (RFC 7468 §2 lets a parser
// skip them). Kept there so that a copy, a backup or a mounted Secret carries it with the key, and no
// second file can contradict it. Times are RFC 3339.

import { formatRfc3339, parseRfc3339 } from '../util/rfc3339.ts'

export interface KeyNotes {
  /** ms: since when the key is among the published ones. */
  readonly publishedAt?: number
  /** ms: no token may be signed with it before; absent: at once. */
  readonly signsFrom?: number
  /** ms: when it signed last. */
  readonly retiredAt?: number
}

const LINES: ReadonlyMap<string, keyof KeyNotes> = new Map([
  ['svidgate-published', 'publishedAt'],
  ['svidgate-signs-from', 'signsFrom'],
  ['svidgate-retired', 'retiredAt'],
])

/** Undefined: a line of ours holds no time. It must not be taken for “no limit”. */
export function readKeyNotes(text: string): KeyNotes | undefined {
  const [head = ''] = text.split('-----BEGIN', 1)
  const notes: { -readonly [Name in keyof KeyNotes]: number } = {}
  for (const line of head.split('\n')) {
    const colon = line.indexOf(':')
    const name = LINES.get(line.slice(0, colon).trim())
    if (name === undefined) continue
    const time = parseRfc3339(line.slice(colon + 1).trim())
    if (time === undefined || notes[name] !== undefined) return undefined
    notes[name] = time
  }
  return notes
}

export function writeKeyNotes(notes: KeyNotes, pem: string): string {
  let head = ''
  for (const [line, name] of LINES) {
    const time = notes[name]
    if (time !== undefined) head += `${line}: ${formatRfc3339(time)}\n`
  }
  return head + pem
}
