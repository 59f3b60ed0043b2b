// Values as host built-ins see them. Arguments leave the module in Rego's own notation
// (`opa_value_dump`), not as JSON: JSON has no sets and no keys but strings, and a built-in must
// tell `{1}` from `[1]`. The text comes from the module alone, so a malformed one is a broken
// instance and throws.

export interface RegoNumber {
  readonly kind: 'number'
  /** As the module wrote it; may exceed 2^53. */
  readonly text: string
}

export interface RegoArray {
  readonly kind: 'array'
  readonly items: readonly RegoValue[]
}

export interface RegoSet {
  readonly kind: 'set'
  readonly items: readonly RegoValue[]
}

export interface RegoObject {
  readonly kind: 'object'
  readonly entries: readonly (readonly [RegoValue, RegoValue])[]
}

export type RegoComposite = RegoNumber | RegoArray | RegoSet | RegoObject
export type RegoValue = null | boolean | string | RegoComposite

export function regoNumber(value: number | bigint): RegoNumber {
  return { kind: 'number', text: String(value) }
}

export function parseRegoValue(text: string): RegoValue {
  const reader = new Reader(text)
  const value = reader.value()
  reader.end()
  return value
}

export interface RegoNotation {
  /** What follows a comma or a colon. */
  readonly gap: '' | ' '
  quote(text: string): string
}

/** What `opa_value_parse` reads. */
const WIRE: RegoNotation = { gap: '', quote: (text) => JSON.stringify(text) }

/** Text of a value in Rego's notation, members sorted, so that equal values have equal texts. */
export function writeRegoValue(value: RegoValue, notation: RegoNotation = WIRE): string {
  if (typeof value === 'string') return notation.quote(value)
  if (value === null || typeof value !== 'object') return String(value)
  const { gap } = notation
  const write = (item: RegoValue): string => writeRegoValue(item, notation)
  switch (value.kind) {
    case 'number':
      return value.text
    case 'array':
      return `[${value.items.map(write).join(`,${gap}`)}]`
    case 'set':
      if (value.items.length === 0) return 'set()'
      return `{${[...value.items].sort(compareRegoValues).map(write).join(`,${gap}`)}}`
    case 'object':
      return `{${[...value.entries]
        .sort(([a], [b]) => compareRegoValues(a, b))
        .map(([key, item]) => `${write(key)}:${gap}${write(item)}`)
        .join(`,${gap}`)}}`
  }
}

export function equalRegoValues(a: RegoValue, b: RegoValue): boolean {
  return compareRegoValues(a, b) === 0
}

/** Rego's order of values: null, booleans, numbers, strings, arrays, objects, sets. */
export function compareRegoValues(a: RegoValue, b: RegoValue): number {
  const byRank = rank(a) - rank(b)
  if (byRank !== 0) return byRank
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b)
  if (typeof a === 'string' && typeof b === 'string') {
    return Buffer.compare(Buffer.from(a), Buffer.from(b))
  }
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return 0
  if (a.kind === 'number' && b.kind === 'number') return compareNumbers(a.text, b.text)
  return compareSequences(sequence(a), sequence(b))
}

function rank(value: RegoValue): number {
  if (value === null) return 0
  if (typeof value === 'boolean') return 1
  if (typeof value === 'string') return 3
  return { number: 2, array: 4, object: 5, set: 6 }[value.kind]
}

function sequence(value: RegoComposite): readonly RegoValue[] {
  switch (value.kind) {
    case 'number':
      return [value]
    case 'array':
      return value.items
    case 'set':
      return [...value.items].sort(compareRegoValues)
    case 'object': {
      const entries = [...value.entries].sort(([a], [b]) => compareRegoValues(a, b))
      return [...entries.map(([key]) => key), ...entries.map(([, item]) => item)]
    }
  }
}

function compareSequences(a: readonly RegoValue[], b: readonly RegoValue[]): number {
  for (const [index, item] of a.entries()) {
    const other = b[index]
    if (other === undefined) return 1
    const order = compareRegoValues(item, other)
    if (order !== 0) return order
  }
  return a.length - b.length
}

const INTEGER = /^-?[0-9]+$/

function compareNumbers(a: string, b: string): number {
  if (INTEGER.test(a) && INTEGER.test(b)) {
    const [x, y] = [BigInt(a), BigInt(b)]
    return x < y ? -1 : Number(x > y)
  }
  return Number(a) - Number(b)
}

const NUMBER = /-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const STRING = /"(?:[^"\\]|\\.)*"/sy

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  value(): RegoValue {
    this.#skipSpace()
    const letter = this.#text.charAt(this.#at)
    if (letter === '"') return parseString(this.#match(STRING))
    if (letter === '[') return { kind: 'array', items: this.#array() }
    if (letter === '{') return this.#braces()
    if (this.#take('null')) return null
    if (this.#take('true')) return true
    if (this.#take('false')) return false
    if (this.#take('set()')) return { kind: 'set', items: [] }
    return { kind: 'number', text: this.#match(NUMBER) }
  }

  end(): void {
    this.#skipSpace()
    if (this.#at !== this.#text.length) throw new Error('text after a value of the module')
  }

  #array(): RegoValue[] {
    const items: RegoValue[] = []
    this.#take('[')
    while (!this.#take(']')) {
      items.push(this.value())
      this.#take(',')
    }
    return items
  }

  /** `{}` and `{k: v}` are objects, `{x}` is a set. */
  #braces(): RegoSet | RegoObject {
    const items: RegoValue[] = []
    const entries: [RegoValue, RegoValue][] = []
    this.#take('{')
    while (!this.#take('}')) {
      const item = this.value()
      if (this.#take(':')) entries.push([item, this.value()])
      else items.push(item)
      this.#take(',')
    }
    return items.length > 0 ? { kind: 'set', items } : { kind: 'object', entries }
  }

  #skipSpace(): void {
    while (this.#text.charCodeAt(this.#at) === 0x20) this.#at += 1
  }

  #take(word: string): boolean {
    this.#skipSpace()
    if (!this.#text.startsWith(word, this.#at)) return false
    this.#at += word.length
    return true
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (match === null) throw new Error('a value of the module could not be read')
    this.#at = pattern.lastIndex
    return match[0]
  }
}

function parseString(literal: string): string {
  const value: unknown = JSON.parse(literal)
  if (typeof value !== 'string') throw new Error('a string of the module could not be read')
  return value
}
