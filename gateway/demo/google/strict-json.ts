// Reads JSON (RFC 8259) and refuses an object that has a name twice: real services keep the last
// one, others the first, and what was judged would not be what is run. Written here, so that the
// sandbox does not read bodies with the eyes of the gateway that it verifies.

export type Json = null | boolean | number | string | readonly Json[] | JsonMap
/** A Map: names are a stranger's text. */
export type JsonMap = ReadonlyMap<string, Json>

const SPACE = /[ \t\r\n]*/y
// Control characters are left to JSON.parse, which reads the literal and refuses them.
const STRING = /"[^"\\]*(?:\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})[^"\\]*)*"/y
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const WORD = /true|false|null/y
const MAX_DEPTH = 32

class Reader {
  readonly #text: string
  #at = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
  }

  whole(): Json {
    const value = this.#value()
    if (this.#at !== this.#text.length) throw this.#wrong('text after the value')
    return value
  }

  #wrong(what: string): SyntaxError {
    return new SyntaxError(`${what} at offset ${this.#at}`)
  }

  #match(pattern: RegExp): string | undefined {
    const sticky = pattern
    sticky.lastIndex = this.#at
    const found = sticky.exec(this.#text)?.[0]
    this.#at += found?.length ?? 0
    return found
  }

  #sign(sign: string): boolean {
    const doesStand = this.#text.startsWith(sign, this.#at)
    if (doesStand) this.#at += sign.length
    this.#match(SPACE)
    return doesStand
  }

  #expect(sign: string): void {
    if (!this.#sign(sign)) throw this.#wrong(`expected ${sign}`)
  }

  #value(): Json {
    this.#match(SPACE)
    const value = this.#bare()
    this.#match(SPACE)
    return value
  }

  #bare(): Json {
    const literal = this.#match(STRING) ?? this.#match(NUMBER) ?? this.#match(WORD)
    if (literal !== undefined) return JSON.parse(literal) as string | number | boolean | null
    this.#depth += 1
    if (this.#depth > MAX_DEPTH) throw this.#wrong('nested too deeply')
    const value = this.#sign('[') ? this.#array() : this.#object()
    this.#depth -= 1
    return value
  }

  #array(): Json {
    const items: Json[] = []
    if (this.#sign(']')) return items
    do items.push(this.#value())
    while (this.#sign(','))
    this.#expect(']')
    return items
  }

  #object(): JsonMap {
    this.#expect('{')
    const members = new Map<string, Json>()
    if (this.#sign('}')) return members
    do {
      const quoted = this.#match(STRING)
      if (quoted === undefined) throw this.#wrong('expected a name')
      const name = JSON.parse(quoted) as string
      if (members.has(name)) throw this.#wrong(`duplicate name ${JSON.stringify(name)}`)
      this.#match(SPACE)
      this.#expect(':')
      members.set(name, this.#value())
    } while (this.#sign(','))
    this.#expect('}')
    return members
  }
}

/** Throws SyntaxError for anything but one JSON value without duplicate names. */
export function parseJson(text: string): Json {
  return new Reader(text).whole()
}

export function isMap(value: Json | undefined): value is JsonMap {
  return value instanceof Map
}
