// PEM as RFC 7468 §3 writes it, read strictly: a block that is not closed, or base64 that a lenient
// decoder would repair, is an error and not a shorter file. Text between blocks is a comment.

import { err, ok } from '../util/result.ts'
import type { Result } from '../util/result.ts'

export interface PemBlock {
  readonly label: string
  readonly bytes: Buffer
}

const BEGIN = /^-----BEGIN ([A-Z0-9 ]+)-----$/

/** All blocks in order; the error is one line with the line number. */
export function readPem(text: string): Result<readonly PemBlock[], string> {
  const blocks: PemBlock[] = []
  const lines = text.split('\n').map((line) => line.trim())
  let open: { label: string; line: number; body: string[] } | undefined
  for (const [i, line] of lines.entries()) {
    const label = BEGIN.exec(line)?.[1]
    if (open === undefined) {
      if (label !== undefined) open = { label, line: i + 1, body: [] }
      else if (line.startsWith('-----')) return err(`line ${i + 1}: a PEM boundary out of place`)
    } else if (line === `-----END ${open.label}-----`) {
      const bytes = decodeBase64(open.body.join(''))
      if (bytes === undefined || bytes.length === 0) {
        return err(`line ${open.line}: the ${open.label} block is not valid base64`)
      }
      blocks.push({ label: open.label, bytes })
      open = undefined
    } else if (line.startsWith('-----')) {
      return err(`line ${i + 1}: the ${open.label} block of line ${open.line} is not closed`)
    } else {
      open.body.push(line)
    }
  }
  if (open !== undefined) return err(`line ${open.line}: the ${open.label} block is not closed`)
  return ok(blocks)
}

/** Strict base64 with padding; undefined for anything that a lenient decoder would skip over. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}

export function writePem(label: string, bytes: Buffer): string {
  const body = bytes.toString('base64').replace(/.{1,64}/g, '$&\n')
  return `-----BEGIN ${label}-----\n${body}-----END ${label}-----\n`
}
