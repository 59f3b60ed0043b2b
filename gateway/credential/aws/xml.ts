// Reads the small XML of an STS answer, which comes from outside: elements, attributes that are
// checked and dropped, text, the five named and the numeric character references. Whatever else XML
// offers (DOCTYPE, entities, CDATA, comments, instructions, prefixes) makes it refuse, so there is
// nothing in it to expand, include or read twice.

export interface XmlElement {
  readonly name: string
  /** Character data; empty where there are children. */
  readonly text: string
  readonly children: readonly XmlElement[]
}

const MAX_DEPTH = 16
const MAX_ELEMENTS = 256

const DECLARATION =
  /^<\?xml version="1\.0"(?: encoding="(?:UTF-8|utf-8)")?(?: standalone="(?:yes|no)")? ?\?>\s*/
const OPEN = /<([A-Za-z_][\w.-]*)(?:\s+[A-Za-z_][\w:.-]*="[^"<&]*")*\s*(\/?)>/y
const CLOSE = /<\/([A-Za-z_][\w.-]*)\s*>/y
const TEXT = /[^<]+/y
const REFERENCE = /&(?:(amp|lt|gt|quot|apos)|#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6}));/g
// XML 1.0 §2.2: no other control character may stand in a document.
// oxlint-disable-next-line no-control-regex
const NOT_A_CHARACTER = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/
const LAST_CODE_POINT = 0x10ffff

const NAMED: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
])

interface Building {
  readonly name: string
  text: string
  readonly children: XmlElement[]
}

/** @returns the root element; undefined for anything odd */
export function readXml(bytes: Buffer): XmlElement | undefined {
  const source = decodeUtf8(bytes)
  if (source === undefined || NOT_A_CHARACTER.test(source)) return undefined
  const open: Building[] = [{ name: '', text: '', children: [] }]
  let at = DECLARATION.exec(source)?.[0].length ?? 0
  let elements = 0
  while (at < source.length) {
    const current = open[open.length - 1]
    if (current === undefined) return undefined
    const token = nextToken(source, at)
    if (token === undefined) return undefined
    at = token.end
    if (token.kind === 'text') {
      current.text += token.text
    } else if (token.kind === 'open') {
      elements += 1
      if (elements > MAX_ELEMENTS || open.length > MAX_DEPTH) return undefined
      const element: Building = { name: token.name, text: '', children: [] }
      if (token.isEmpty) current.children.push(element)
      else open.push(element)
    } else {
      const closed = close(open, token.name)
      if (closed === undefined) return undefined
    }
  }
  const document = open[0]
  if (open.length !== 1 || document === undefined || !isBlank(document.text)) return undefined
  return document.children.length === 1 ? document.children[0] : undefined
}

/** The child of that name; undefined when there is none, or more than one. */
export function onlyChild(element: XmlElement, name: string): XmlElement | undefined {
  const named = element.children.filter((child) => child.name === name)
  return named.length === 1 ? named[0] : undefined
}

type Token =
  | { readonly kind: 'text'; readonly text: string; readonly end: number }
  | {
      readonly kind: 'open'
      readonly name: string
      readonly isEmpty: boolean
      readonly end: number
    }
  | { readonly kind: 'close'; readonly name: string; readonly end: number }

function nextToken(source: string, at: number): Token | undefined {
  const text = matchAt(TEXT, source, at)
  if (text !== undefined) {
    const decoded = decodeReferences(text[0])
    return decoded === undefined
      ? undefined
      : { kind: 'text', text: decoded, end: at + text[0].length }
  }
  const opening = matchAt(OPEN, source, at)
  if (opening !== undefined) {
    const end = at + opening[0].length
    return { kind: 'open', name: opening[1] ?? '', isEmpty: opening[2] === '/', end }
  }
  const closing = matchAt(CLOSE, source, at)
  if (closing === undefined) return undefined
  return { kind: 'close', name: closing[1] ?? '', end: at + closing[0].length }
}

function matchAt(pattern: RegExp, source: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at
  return pattern.exec(source) ?? undefined
}

/** Ends the innermost element; undefined when it has another name, or text beside children. */
function close(open: Building[], name: string): XmlElement | undefined {
  const element = open.length > 1 ? open.pop() : undefined
  const parent = open[open.length - 1]
  if (element?.name !== name || parent === undefined) return undefined
  if (element.children.length > 0) {
    if (!isBlank(element.text)) return undefined
    element.text = ''
  }
  parent.children.push(element)
  return element
}

function isBlank(text: string): boolean {
  return /^[ \t\r\n]*$/.test(text)
}

function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined // Not UTF-8: odd, so it is not read.
  }
}

function decodeReferences(text: string): string | undefined {
  if (!text.includes('&')) return text
  if (text.replace(REFERENCE, '').includes('&')) return undefined
  let isOdd = false
  const decoded = text.replace(REFERENCE, (_, name?: string, decimal?: string, hex?: string) => {
    if (name !== undefined) return NAMED.get(name) ?? ''
    const code = decimal === undefined ? parseInt(hex ?? '', 16) : parseInt(decimal, 10)
    const character = code > LAST_CODE_POINT ? '\0' : String.fromCodePoint(code)
    if (NOT_A_CHARACTER.test(character) || (code >= 0xd800 && code <= 0xdfff)) isOdd = true
    return character
  })
  return isOdd ? undefined : decoded
}
