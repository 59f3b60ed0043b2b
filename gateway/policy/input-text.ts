// Pieces of canonical JSON text (RFC 8785) for `policy/input.ts`. Written by hand because the input
// is written for every request: a general serialiser would sort keys that are known beforehand.

/** What JSON must escape, and half surrogates, which have no UTF-8 form. */
// eslint-disable-next-line no-control-regex -- control characters are what JSON must escape
const NEEDS_CARE = /[\u0000-\u001f"\\\ud800-\udfff]/
const LONE_SURROGATE = /\p{Surrogate}/u

/** A string that no UTF-8 text can hold: two readers would read two different things. */
export class LoneSurrogate extends Error {
  constructor() {
    super('a text holds half of a surrogate pair')
    this.name = 'LoneSurrogate'
  }
}

/** Throws LoneSurrogate. */
export function stringText(value: string): string {
  if (!NEEDS_CARE.test(value)) return `"${value}"`
  if (LONE_SURROGATE.test(value)) throw new LoneSurrogate()
  return JSON.stringify(value)
}

export function stringListText(values: readonly string[]): string {
  if (values.length === 1) return `[${stringText(values[0] ?? '')}]`
  return `[${values.map(stringText).join(',')}]`
}

/** `,"name":"value"`, or nothing for an absent value. */
export function optionalMember(name: string, value: string | undefined): string {
  return value === undefined ? '' : `,"${name}":${stringText(value)}`
}

export type NamedLists = (readonly [name: string, values: readonly string[]])[]

/** An object of string lists; names are sorted by UTF-16 units, as RFC 8785 §3.2.3 asks. */
export function listsText(lists: NamedLists): string {
  if (lists.length > 1) lists.sort(([a], [b]) => (a < b ? -1 : 1))
  let text = ''
  for (const [name, values] of lists) {
    text += `${text === '' ? '{' : ','}${stringText(name)}:${stringListText(values)}`
  }
  return text === '' ? '{}' : `${text}}`
}
