// A small strict reader for the XML bodies that facts depend on. It takes the subset that SDKs
// write (XML 1.0 §2: a declaration, elements, character data) and refuses the rest, because S3 reads
// the same bytes with another parser: no DTD, no entities but the five and character references, no
// CDATA, comments, processing instructions, namespaces prefixes, and no attribute but `xmlns` on the
// root. An element holds either elements or text.

import { isUtf8 } from 'node:buffer'

export interface XmlElement {
  readonly name: string
  readonly children: readonly XmlElement[]
  /** Character data, decoded; empty where there are children. */
  readonly text: string
}

const MAX_DEPTH = 8
const DECLARATION =
  /<\?xml version=(["'])1\.0\1(?: encoding=(["'])utf-8\2)?(?: ?standalone=(["'])(?:yes|no)\3)? ?\?>/iy
const NAME = /[A-Za-z][A-Za-z0-9]*/y
const NAMESPACE = / xmlns=(["'])([A-Za-z0-9:/.\-#]*)\1/y
const BLANK = /[ \t\r\n]*/y
const ENTITY = /&(?:(amp|lt|gt|quot|apos)|#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6}));/y
const NAMED: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
])

class Reader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  /** What the pattern matches just here; undefined, and no step taken, where it does not. */
  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (match === null) return undefined
    this.#at += match[0].length
    return match
  }

  takeText(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false
    this.#at += text.length
    return true
  }

  /** Everything up to the next `<` or `&`. */
  takePlain(): string {
    let end = this.#at
    while (end < this.#text.length) {
      const code = this.#text.charCodeAt(end)
      if (code === 0x3c || code === 0x26) break
      end += 1
    }
    const plain = this.#text.slice(this.#at, end)
    this.#at = end
    return plain
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length
  }
}

/** @returns the root element; undefined for anything outside the subset */
export function readXml(bytes: Buffer): XmlElement | undefined {
  if (!isUtf8(bytes)) return undefined
  const reader = new Reader(bytes.toString('utf8'))
  reader.take(DECLARATION)
  reader.take(BLANK)
  const root = readElement(reader, undefined, 0)
  reader.take(BLANK)
  return reader.isAtEnd ? root : undefined
}

/** `namespace`: that of the root; an element below may repeat it and no other. */
function readElement(
  reader: Reader,
  namespace: string | undefined,
  depth: number,
): XmlElement | undefined {
  if (depth > MAX_DEPTH || !reader.takeText('<')) return undefined
  const name = reader.take(NAME)?.[0]
  if (name === undefined) return undefined
  const stated = reader.take(NAMESPACE)?.[2]
  if (stated !== undefined && depth > 0 && stated !== namespace) return undefined
  reader.take(BLANK)
  if (reader.takeText('/>')) return { name, children: [], text: '' }
  if (!reader.takeText('>')) return undefined
  const text = readText(reader)
  if (text === undefined) return undefined
  const children: XmlElement[] = []
  while (!reader.takeText('</')) {
    const child = readElement(reader, depth === 0 ? stated : namespace, depth + 1)
    if (child === undefined) return undefined
    children.push(child)
    reader.take(BLANK)
  }
  if (!reader.takeText(name)) return undefined
  reader.take(BLANK)
  if (!reader.takeText('>')) return undefined
  if (children.length === 0) return { name, children, text }
  return isBlank(text) ? { name, children, text: '' } : undefined
}

function readText(reader: Reader): string | undefined {
  let text = ''
  for (;;) {
    text += reader.takePlain()
    const entity = reader.take(ENTITY)
    if (entity === undefined) break
    const character = characterOf(entity)
    if (character === undefined) return undefined
    text += character
  }
  // "]]>" may not stand in character data (§2.4); a bare "&" stays unread and ends the element.
  return text.includes(']]>') || !isXmlText(text) ? undefined : text
}

function characterOf([, name, decimal, hex]: RegExpExecArray): string | undefined {
  if (name !== undefined) return NAMED.get(name)
  const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal)
  const isScalar = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff)
  return isScalar ? String.fromCodePoint(code) : undefined
}

/** XML 1.0 §2.2: no other controls. A raw CR is refused too: one parser makes it an LF (§2.11). */
function isXmlText(text: string): boolean {
  // eslint-disable-next-line no-control-regex
  return !/[\u0000-\u0008\u000b-\u001f\ufffe\uffff]/.test(text)
}

function isBlank(text: string): boolean {
  return /^[ \t\r\n]*$/.test(text)
}
