// The YAML of a configuration file, as plain data with a place for every value. Promises: one
// reading only (no anchors, aliases, merge keys, tags, duplicate keys or several documents) and
// `${NAME}` references filled in after parsing, so that a variable can hold text but never YAML.

import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  parseDocument,
  Parser,
  type ParsedNode,
  type YAMLMap,
} from 'yaml'
import { expandReferences, type Environment } from './references.ts'
import { pathKey, type ConfigPath, type Finding } from './problem.ts'

/** Bytes; far above any real file, far below what would make the parser costly. */
export const MAX_CONFIG_BYTES = 1024 * 1024

/** Levels; the schema needs seven. Stops a file of brackets from exhausting the stack. */
export const MAX_CONFIG_DEPTH = 32

export interface Place {
  readonly line: number
  readonly column: number
}

export interface ReferencedText {
  readonly path: ConfigPath
  /** As it stands in the file. */
  readonly written: string
}

export interface ConfigDocument {
  readonly value: unknown
  /** The place of a value (or of its key), or of the nearest parent that stands in the file. */
  placeOf(path: ConfigPath, atKey?: boolean): Place
  /** Every text that holds a reference, by `pathKey`. */
  readonly references: ReadonlyMap<string, ReferencedText>
  readonly findings: readonly Finding[]
}

/** A syntax error has no path, only a place. */
export interface SyntaxProblem extends Place {
  readonly message: string
  readonly hint: string
}

export type DocumentResult =
  | { readonly ok: true; readonly document: ConfigDocument }
  | { readonly ok: false; readonly problems: readonly SyntaxProblem[] }

function failure(place: Place, message: string, hint: string): DocumentResult {
  return { ok: false, problems: [{ ...place, message, hint }] }
}

const START: Place = { line: 1, column: 1 }

export function readDocument(bytes: Buffer, env: Environment): DocumentResult {
  if (bytes.length > MAX_CONFIG_BYTES) {
    return failure(START, 'the file is larger than 1 MiB', 'A configuration has a few KiB.')
  }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return failure(START, 'the file is not UTF-8', 'Save it as UTF-8.')
  }
  const lines = new LineCounter()
  if (nestsTooDeeply(text)) {
    return failure(START, 'the file nests too deeply', `At most ${MAX_CONFIG_DEPTH} levels.`)
  }
  const parsed = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    version: '1.2',
    schema: 'core',
    strict: true,
    uniqueKeys: true,
    stringKeys: true,
    merge: false,
  })
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
  const faults = [...parsed.errors, ...parsed.warnings]
  if (faults.length > 0) {
    return {
      ok: false,
      problems: faults.map((fault) => ({
        ...placeAt(fault.pos[0]),
        message: SYNTAX_MESSAGES.get(fault.code) ?? fault.message,
        hint: SYNTAX_HINTS.get(fault.code) ?? 'Check indentation, quotes and brackets here.',
      })),
    }
  }
  const reader = new Reader(env, placeAt)
  const value = reader.read(parsed.contents, [])
  if (reader.problems.length > 0) return { ok: false, problems: reader.problems }
  return { ok: true, document: reader.document(value) }
}

/** Open tokens of the concrete syntax; a level of the document takes three at most. */
const MAX_OPEN_TOKENS = 4 * MAX_CONFIG_DEPTH

/**
 * Looks at the nesting with the parser's own lexer, without recursion. The composer recurses, and a
 * stack exhausted at the wrong moment ends the whole process instead of throwing: a reload of a
 * damaged file must not do that.
 */
function nestsTooDeeply(text: string): boolean {
  const parser = new Parser()
  for (const lexeme of new Lexer().lex(text)) {
    // The tokens themselves are not wanted, but taking them is what makes the parser advance.
    for (const _token of parser.next(lexeme)) continue
    if (parser.stack.length > MAX_OPEN_TOKENS) return true
  }
  return false
}

const SYNTAX_MESSAGES = new Map<string, string>([
  ['DUPLICATE_KEY', 'this key stands twice in one map'],
  ['MULTIPLE_DOCS', 'a second document begins here'],
])

const SYNTAX_HINTS = new Map<string, string>([
  ['DUPLICATE_KEY', 'Remove one of the two: which of them counts would be a guess.'],
  ['MULTIPLE_DOCS', 'One file holds one document: remove the `---` and what follows.'],
  ['TAB_AS_INDENT', 'Indent with spaces.'],
])

/** Walks the document once: to plain data, and to a table of places. */
class Reader {
  readonly problems: SyntaxProblem[] = []
  readonly #findings: Finding[] = []
  readonly #references = new Map<string, ReferencedText>()
  readonly #keys = new Map<string, Place>()
  readonly #values = new Map<string, Place>()
  readonly #env: Environment
  readonly #placeAt: (offset: number) => Place

  constructor(env: Environment, placeAt: (offset: number) => Place) {
    this.#env = env
    this.#placeAt = placeAt
  }

  document(value: unknown): ConfigDocument {
    return {
      value,
      references: this.#references,
      findings: this.#findings,
      placeOf: (path, atKey = false) => this.#placeOf(path, atKey),
    }
  }

  read(node: ParsedNode | null, path: ConfigPath): unknown {
    if (node === null) return null
    this.#values.set(pathKey(path), this.#placeAt(node.range[0]))
    if (path.length > MAX_CONFIG_DEPTH) {
      return this.#refuse(node, 'the file nests too deeply', `At most ${MAX_CONFIG_DEPTH} levels.`)
    }
    if (isAlias(node) || node.anchor !== undefined) {
      const hint = 'Write the value out: a line should say all that it means.'
      return this.#refuse(node, 'anchors and aliases are not accepted', hint)
    }
    // A tag that the file itself spells, e.g. `!!binary`; implicit ones are not kept as text.
    if (node.tag !== undefined && !isPlainTag(node.tag)) {
      return this.#refuse(node, `the tag ${node.tag} is not accepted`, 'Remove the tag.')
    }
    if (isMap(node)) return this.#readMap(node, path)
    if (isSeq(node)) return node.items.map((item, index) => this.read(item, [...path, index]))
    if (isScalar(node)) return this.#readScalar(node.value, path)
    return this.#refuse(node, 'this form of YAML is not accepted', 'Use maps, lists and values.')
  }

  #readMap(node: YAMLMap.Parsed, path: ConfigPath): unknown {
    const value: Record<string, unknown> = Object.create(null)
    for (const pair of node.items) {
      const key = isScalar(pair.key) ? String(pair.key.value) : ''
      if (key === '<<' || key === '__proto__') {
        this.#refuse(pair.key, `the key ${key} is not accepted`, 'Write the keys out.')
        continue
      }
      const keyPath = [...path, key]
      this.#keys.set(pathKey(keyPath), this.#placeAt(pair.key.range[0]))
      value[key] = this.read(pair.value, keyPath)
    }
    return value
  }

  #readScalar(scalar: unknown, path: ConfigPath): unknown {
    if (typeof scalar !== 'string' || !scalar.includes('$')) return scalar
    const expanded = expandReferences(scalar, this.#env)
    if (!expanded.ok) {
      this.#findings.push({ path, ...expanded.error })
      return scalar
    }
    if (expanded.value.fromEnvironment) {
      this.#references.set(pathKey(path), { path, written: scalar })
    }
    return expanded.value.value
  }

  #refuse(node: ParsedNode, message: string, hint: string): undefined {
    this.problems.push({ ...this.#placeAt(node.range[0]), message, hint })
    return undefined
  }

  #placeOf(path: ConfigPath, atKey: boolean): Place {
    for (let length = path.length; length > 0; length--) {
      const key = pathKey(path.slice(0, length))
      // A parent stands for a missing child: the parent's key says where to add it.
      const isParent = length < path.length
      const place = isParent || atKey ? this.#keys.get(key) : undefined
      const found = place ?? this.#values.get(key) ?? this.#keys.get(key)
      if (found !== undefined) return found
    }
    return START
  }
}

function isPlainTag(tag: string): boolean {
  return /^tag:yaml\.org,2002:(map|seq|str|int|float|bool|null)$/.test(tag)
}
