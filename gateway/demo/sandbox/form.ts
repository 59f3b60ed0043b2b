// Reads an `application/x-www-form-urlencoded` body (WHATWG URL §5.1) whose names are unique: what
// two readers could read in two ways is no form.

import { err, ok } from '../../util/result.ts'
import type { Result } from '../../util/result.ts'

export type FormProblem =
  { readonly kind: 'malformed' } | { readonly kind: 'twice'; readonly name: string }

function decodeComponent(raw: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(raw) || /[^\x21-\x7e]/.test(raw)) return undefined
  try {
    return decodeURIComponent(raw.replaceAll('+', ' '))
  } catch (error) {
    if (error instanceof URIError) return undefined
    throw error
  }
}

export function parseForm(body: string): Result<ReadonlyMap<string, string>, FormProblem> {
  const form = new Map<string, string>()
  for (const part of body.split('&')) {
    const equals = part.indexOf('=')
    const name = decodeComponent(part.slice(0, Math.max(equals, 0)))
    const value = decodeComponent(part.slice(equals + 1))
    if (equals <= 0 || name === undefined || value === undefined) return err({ kind: 'malformed' })
    if (form.has(name)) return err({ kind: 'twice', name })
    form.set(name, value)
  }
  return ok(form)
}
