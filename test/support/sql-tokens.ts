// A second reader of GoogleSQL's tokens, to compare with gateway/facts/sql/lexer.ts: regular
// expressions after the documented rules, and of all that match the longest wins, as in a lexer
// generator. Slow and plain on purpose; it knows nothing of the gateway's code.
// https://github.com/google/googlesql/blob/master/docs/lexical.md

export interface ReferenceToken {
  readonly kind: 'word' | 'quoted' | 'literal' | 'number' | 'symbol'
  readonly text: string
  readonly start: number
}

export type ReferenceReading =
  | { readonly ok: true; readonly tokens: readonly ReferenceToken[] }
  | { readonly ok: false; readonly offset: number }

type Kind = ReferenceToken['kind'] | 'nothing' | 'error'

const PREFIX = '(?:rb|br|r|b)?'

/** The literal of one kind of quotes, and the same without an end. */
function quotes(quote: string): readonly (readonly [Kind, string])[] {
  const three = quote.repeat(3)
  const single = `(?:[^\\\\\\n\\r${quote}]|\\\\[^\\n\\r])*`
  const triple = `(?:(?!${three})[^\\\\]|\\\\[^])*`
  return [
    ['literal', `${PREFIX}${quote}${single}${quote}`],
    ['literal', `${PREFIX}${three}${triple}${three}`],
    ['error', `${PREFIX}${three}${triple}\\\\?(?![^])`],
  ]
}

const RULES: readonly (readonly [Kind, RegExp])[] = (
  [
    ['nothing', '[ \\t\\r\\n\\u00a0\\u2000-\\u200a\\u202f\\u205f\\u3000]+'],
    ['nothing', '(?:--|#)[^\\n\\u2028\\u2029]*(?=\\n|(?![^]))'],
    ['error', '(?:--|#)[^\\n\\u2028\\u2029]*[\\u2028\\u2029]'],
    ['error', '#[^\\S\\n]*legacysql[^\\n]*'],
    ['nothing', '/\\*(?:(?!\\*/)[^])*\\*/'],
    ['error', '/\\*(?:(?!\\*/)[^])*(?![^])'],
    ...quotes("'"),
    ...quotes('"'),
    ['quoted', '`(?:[^\\\\`\\n\\r]|\\\\[^\\n\\r])*`'],
    ['word', '[a-z_][a-z_0-9]*'],
    ['number', '0x[0-9a-f]+|[0-9]+'],
    ['symbol', '\\|>|\\|\\||@@|[-!%&()*+,./:;<=>?@[\\]^{|}~]'],
    ['symbol', '\\$(?![a-z_0-9])'],
  ] as const
).map(([kind, source]) => [kind, new RegExp(source, 'iy')] as const)

export function referenceTokens(text: string): ReferenceReading {
  const forbidden = firstForbidden(text)
  if (forbidden !== -1) return { ok: false, offset: forbidden }
  const tokens: ReferenceToken[] = []
  let at = 0
  while (at < text.length) {
    const { kind, length } = longestAt(text, at)
    if (length === 0 || kind === 'error') return { ok: false, offset: at }
    if (kind !== 'nothing') tokens.push({ kind, text: text.slice(at, at + length), start: at })
    at += length
  }
  return { ok: true, tokens }
}

function longestAt(text: string, at: number): { readonly kind: Kind; readonly length: number } {
  let best: { kind: Kind; length: number } = { kind: 'error', length: 0 }
  for (const [kind, rule] of RULES) {
    rule.lastIndex = at
    const length = rule.exec(text)?.[0].length ?? 0
    const isMore = length > best.length || (length === best.length && kind === 'error')
    if (length > 0 && isMore) best = { kind, length }
  }
  return best
}

/** Controls but tab and line feed, CR without LF, BOM, halves of surrogate pairs. */
function firstForbidden(text: string): number {
  let at = 0
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    const isControl = code < 0x20 ? code !== 9 && code !== 10 && code !== 13 : isC1(code)
    const isBareReturn = code === 13 && text.charCodeAt(at + 1) !== 10
    const isHalf = code >= 0xd800 && code <= 0xdfff
    if (isControl || isBareReturn || isHalf || code === 0xfeff) return at
    at += character.length
  }
  return -1
}

function isC1(code: number): boolean {
  return code >= 0x7f && code <= 0x9f
}

/** How many statements a text has, by its semicolons alone; what follows the last one may be empty. */
export function referenceStatements(tokens: readonly ReferenceToken[]): number {
  const groups: number[] = [0]
  for (const { text } of tokens) {
    if (text === ';') groups.push(0)
    else groups[groups.length - 1] = (groups.at(-1) ?? 0) + 1
  }
  if (groups.at(-1) === 0) groups.pop()
  return groups.length
}
