// JSON Canonicalization Scheme, RFC 8785: one value, one text, so that a hash over a record means
// something to whoever recomputes it.
//
// Trusts: nothing but that the value does not change while it is written. Anything that is not JSON
// data (a class instance, a function, a BigInt, NaN) is a programmer's mistake and a TypeError: a
// `Secret` that strayed into a record stops it, rather than being printed in some form.

/** Nesting beyond this is refused, as everywhere in the gateway. */
export const MAX_DEPTH = 128

/** Control characters, the two that JSON escapes, and surrogates, which may be lone. */
// oxlint-disable-next-line no-control-regex -- the control characters are what is searched for
const NEEDS_CARE = /[\u0000-\u001f"\\\ud800-\udfff]/
/** With the `u` flag a surrogate matches only where it has no partner. */
const LONE_SURROGATE = /\p{Surrogate}/u
const LONE_SURROGATES = /\p{Surrogate}/gu

type LoneSurrogates = 'refuse' | 'replace'

/**
 * The canonical text of `value`. Members that are `undefined` are left out, as in JSON.stringify.
 * Throws TypeError for what is not JSON data, for text with a lone surrogate (RFC 8785 §3.2.2.2),
 * and for nesting beyond `MAX_DEPTH`.
 */
export function canonicalJson(value: unknown): string {
  return write(value, 'refuse', 0)
}

/**
 * The same for records: a lone surrogate in a text becomes U+FFFD, because what a client sent must
 * never make its own record impossible to write. Names are ours and stay strict.
 */
export function canonicalRecordJson(value: unknown): string {
  return write(value, 'replace', 0)
}

/** One text as canonical JSON, under the rule of `canonicalRecordJson`. */
export function canonicalRecordString(text: string): string {
  return writeString(text, 'replace')
}

function write(value: unknown, lone: LoneSurrogates, depth: number): string {
  switch (typeof value) {
    case 'string':
      return writeString(value, lone)
    case 'number':
      return writeNumber(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      break
    default:
      throw new TypeError(`a ${typeof value} is not JSON data`)
  }
  if (value === null) return 'null'
  if (depth >= MAX_DEPTH) throw new TypeError(`JSON data nested deeper than ${MAX_DEPTH}`)
  return Array.isArray(value)
    ? writeArray(value, lone, depth + 1)
    : writeObject(value, lone, depth + 1)
}

function writeArray(items: readonly unknown[], lone: LoneSurrogates, depth: number): string {
  let text = '['
  for (let index = 0; index < items.length; index += 1) {
    if (index > 0) text += ','
    text += write(items[index], lone, depth)
  }
  return text + ']'
}

function writeObject(value: object, lone: LoneSurrogates, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError('an instance of a class is not JSON data')
  }
  const entries = Object.entries(value)
  // Most of our objects are written in order already; sorting compares UTF-16 code units, which is
  // what `<` on strings does and what RFC 8785 §3.2.3 asks for.
  if (!isSorted(entries)) entries.sort(byName)
  let text = ''
  for (const [name, member] of entries) {
    if (member === undefined) continue
    text += `${text === '' ? '{' : ','}${writeString(name, 'refuse')}:${write(member, lone, depth)}`
  }
  return text === '' ? '{}' : text + '}'
}

function isSorted(entries: readonly (readonly [string, unknown])[]): boolean {
  let last = ''
  for (const [name] of entries) {
    if (name < last) return false
    last = name
  }
  return true
}

function byName(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1
}

/** RFC 8785 §3.2.2.3 is ECMAScript's own Number-to-String, with -0 as 0. */
function writeNumber(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError(`${value} is not JSON data`)
  return String(value)
}

/** JSON.stringify escapes exactly as RFC 8785 §3.2.2.2 says, lone surrogates apart. */
function writeString(text: string, lone: LoneSurrogates): string {
  if (!NEEDS_CARE.test(text)) return `"${text}"`
  if (!LONE_SURROGATE.test(text)) return JSON.stringify(text)
  if (lone === 'refuse') throw new TypeError('a lone surrogate is not JSON text')
  return JSON.stringify(text.replace(LONE_SURROGATES, '\ufffd'))
}
