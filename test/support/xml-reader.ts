// Reads a document of elements and text into `path → text`, strictly: attributes, comments,
// references that XML does not predefine, raw `<` or `&`, characters outside XML 1.0's Char, and
// unbalanced elements all throw.

const ENTITIES = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
])

function unescape(text: string): string {
  return text.replace(/&([^;]*;?)/g, (_, body: string) => {
    const character = ENTITIES.get(body.slice(0, -1))
    if (!body.endsWith(';') || character === undefined) throw new Error(`reference &${body}`)
    return character
  })
}

export function readXml(bytes: Buffer): Map<string, string> {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  // XML 1.0 §2.2: Char
  if (/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u.test(text)) {
    throw new Error('a character that XML 1.0 does not allow')
  }
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'
  if (!text.startsWith(declaration)) throw new Error('no XML declaration')
  const elements = new Map<string, string>()
  const open: string[] = []
  const rest = text.slice(declaration.length)
  const token = /<(\/?)([A-Za-z][\w.-]*)>|([^<]+)/y
  while (token.lastIndex < rest.length) {
    const at = token.lastIndex
    const match = token.exec(rest)
    if (match === null) throw new Error(`not XML at ${at}: ${rest.slice(at, at + 20)}`)
    const [, slash, name, chunk] = match
    if (chunk !== undefined) {
      if (open.length === 0) throw new Error('text outside the root')
      elements.set(open.join('/'), unescape(chunk))
    } else if (slash === '') {
      open.push(name ?? '')
    } else if (open.pop() !== name) {
      throw new Error(`unexpected </${name}>`)
    }
  }
  if (open.length > 0) throw new Error(`not closed: ${open.join('/')}`)
  return elements
}
