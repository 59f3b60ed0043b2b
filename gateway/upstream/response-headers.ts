// Header lines of an upstream's answer: bytes kept, hop-by-hop names and ours taken away. The
// upstream is not trusted: what undici's strict parser let through is checked once more where it
// matters.

import { HOP_BY_HOP } from '../request/headers.ts'
import type { HeaderLine } from '../request/message.ts'

/** Only the gateway speaks under these names: an upstream could send an agent to another's record. */
const OURS = 'x-svidgate-'

export function responseHeaders(raw: readonly (Buffer | string)[]): HeaderLine[] {
  const lines: HeaderLine[] = []
  let named: Set<string> | undefined
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = latin1(raw[at])
    const lower = name.toLowerCase()
    if (!HOP_BY_HOP.has(lower)) {
      if (!lower.startsWith(OURS)) lines.push([name, latin1(raw[at + 1])])
    } else if (lower === 'connection') {
      for (const option of latin1(raw[at + 1]).split(',')) {
        const listed = option.trim().toLowerCase()
        if (listed !== 'keep-alive' && listed !== 'close' && listed !== '') {
          named ??= new Set()
          named.add(listed)
        }
      }
    }
  }
  const dropped = named
  return dropped === undefined ? lines : lines.filter(([name]) => !dropped.has(name.toLowerCase()))
}

function latin1(value: Buffer | string | undefined): string {
  if (value === undefined) return ''
  return typeof value === 'string' ? value : value.toString('latin1')
}
