// Strings as Go's strconv.Quote writes them, which is how Rego prints a string inside a value.

const SHORT: ReadonlyMap<string, string> = new Map([
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
  ['"', '\\"'],
  ['\\', '\\\\'],
])

/** Letters, marks, numbers, punctuation, symbols and the ASCII space, as Go's unicode.IsPrint. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u

export function goQuote(text: string): string {
  let quoted = '"'
  for (const letter of text) quoted += SHORT.get(letter) ?? escaped(letter)
  return `${quoted}"`
}

function escaped(letter: string): string {
  if (PRINTABLE.test(letter)) return letter
  const code = letter.codePointAt(0) ?? 0
  const hex = code.toString(16)
  if (code < 0x80) return `\\x${hex.padStart(2, '0')}`
  return code < 0x10000 ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}
