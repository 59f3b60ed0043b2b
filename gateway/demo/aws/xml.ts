// XML as S3 and STS speak it: a writer for answers and a strict reader for the two request bodies
// that S3 takes (Delete, CompleteMultipartUpload). The reader takes elements, text and the five
// named and numeric references; a DTD, comment, processing instruction after the prolog or CDATA
// section is refused, so that entity expansion cannot happen.

export type XmlNode = readonly [name: string, content: string | number | readonly XmlNode[]]

export interface XmlElement {
  readonly name: string
  readonly text: string
  readonly children: readonly XmlElement[]
}

const MAX_DEPTH = 8

function escapeText(text: string): string {
  let out = ''
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0
    if (char === '&') out += '&amp;'
    else if (char === '<') out += '&lt;'
    else if (char === '>') out += '&gt;'
    else if (char === '"') out += '&quot;'
    else if (code < 0x20) out += `&#x${code.toString(16)};`
    else out += char
  }
  return out
}

function writeNode([name, content]: XmlNode): string {
  if (typeof content === 'number') return `<${name}>${content}</${name}>`
  if (typeof content === 'string') return `<${name}>${escapeText(content)}</${name}>`
  return `<${name}>${content.map(writeNode).join('')}</${name}>`
}

/** A whole document; `namespace` becomes the root's xmlns. */
export function writeXml(root: XmlNode, namespace?: string): Buffer {
  const text = writeNode(root)
  const opened =
    namespace === undefined
      ? text
      : `<${root[0]} xmlns="${namespace}"${text.slice(root[0].length + 1)}`
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${opened}`, 'utf8')
}

const PROLOG = /^\uFEFF?\s*(?:<\?xml\s[^?]*\?>)?\s*/
const OPEN_TAG = /<([A-Za-z_][\w.-]*)(?:\s+xmlns(?::\w+)?="[^"<]*")*\s*(\/?)>/y
const CLOSE_TAG = /<\/([A-Za-z_][\w.-]*)\s*>/y
const REFERENCE = /&(?:(lt|gt|amp|quot|apos)|#(\d{1,7})|#x([0-9A-Fa-f]{1,6}));|&/g
const NAMED = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
])

function decodeText(text: string): string | undefined {
  let malformed = false
  const decoded = text.replace(REFERENCE, (whole, named: string, dec: string, hex: string) => {
    if (named !== undefined) return NAMED.get(named) ?? whole
    const code = dec !== undefined ? Number(dec) : hex !== undefined ? parseInt(hex, 16) : NaN
    if (!(code > 0 && code <= 0x10ffff) || (code >= 0xd800 && code <= 0xdfff)) {
      malformed = true
      return ''
    }
    return String.fromCodePoint(code)
  })
  return malformed ? undefined : decoded
}

interface OpenElement {
  readonly name: string
  readonly children: XmlElement[]
  text: string
}

/** The root element, or undefined for anything that is not a plain document. */
export function readXml(document: string): XmlElement | undefined {
  const stack: OpenElement[] = []
  let at = PROLOG.exec(document)?.[0].length ?? 0
  while (at < document.length) {
    OPEN_TAG.lastIndex = at
    CLOSE_TAG.lastIndex = at
    const open = OPEN_TAG.exec(document)
    const close = open === null ? CLOSE_TAG.exec(document) : null
    let finished: OpenElement | undefined
    if (open !== null) {
      at = OPEN_TAG.lastIndex
      const element = { name: open[1] ?? '', children: [], text: '' }
      if (open[2] === '/') finished = element
      else stack.push(element)
      if (stack.length > MAX_DEPTH) return undefined
    } else if (close !== null) {
      at = CLOSE_TAG.lastIndex
      finished = stack.pop()
      if (finished === undefined || finished.name !== close[1]) return undefined
    } else {
      const top = stack.at(-1)
      const end = document.indexOf('<', at)
      if (top === undefined || end <= at) return undefined
      const text = decodeText(document.slice(at, end))
      if (text === undefined) return undefined
      top.text += text
      at = end
    }
    if (finished === undefined) continue
    const parent = stack.at(-1)
    if (parent !== undefined) parent.children.push(finished)
    else return document.slice(at).trim() === '' ? finished : undefined
  }
  return undefined
}

/** The text of the one child of that name; undefined when it is absent or there are several. */
export function childText(element: XmlElement, name: string): string | undefined {
  const found = element.children.filter((child) => child.name === name)
  return found.length === 1 ? found[0]?.text : undefined
}
