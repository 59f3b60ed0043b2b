// The name that a quoted identifier stands for. Identifiers take the escape sequences of string
// literals (https://github.com/google/googlesql/blob/master/docs/lexical.md#escape_sequences), so
// `EXTERNAL\x5fQUERY` in backticks calls EXTERNAL_QUERY.

const SIMPLE: ReadonlyMap<string, string> = new Map([
  ['\\', '\\'],
  ['?', '?'],
  ['"', '"'],
  ["'", "'"],
  ['`', '`'],
])

const ESCAPE = /\\(?:[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([^\n]))/g

// oxlint-disable-next-line no-control-regex -- the control characters are what it looks for
const CONTROL = /[\0-\x1f\x7f-\x9f]/

/**
 * `inner` is the text between the backticks. Undefined when it is empty, when an escape sequence is
 * not GoogleSQL's, and when the name would hold a control character.
 */
export function identifierName(inner: string): string | undefined {
  if (inner === '') return undefined
  if (!inner.includes('\\')) return inner
  let isSound = true
  const name = inner.replace(
    ESCAPE,
    (_, hex?: string, four?: string, eight?: string, octal?: string, simple?: string) => {
      const character = simple === undefined ? codeOf(hex, four, eight, octal) : SIMPLE.get(simple)
      if (character === undefined) isSound = false
      return character ?? ''
    },
  )
  return isSound && !CONTROL.test(name) ? name : undefined
}

/** `\x` and octal beyond ASCII, surrogates and what is no code point are errors in an identifier. */
function codeOf(
  hex: string | undefined,
  four: string | undefined,
  eight: string | undefined,
  octal: string | undefined,
): string | undefined {
  const bytes = hex === undefined ? octal : hex
  const code = Number.parseInt(bytes ?? four ?? eight ?? '', octal === undefined ? 16 : 8)
  if (bytes !== undefined && code > 0x7f) return undefined
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return undefined
  return String.fromCodePoint(code)
}
