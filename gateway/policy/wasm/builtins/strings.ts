// The string built-ins that compiled modules leave to the host.

import { type RegoValue, regoNumber } from '../rego-value.ts'
import { type Builtin, BuiltinError, hasKind, stringOperand } from './builtin.ts'
import { sprintf } from './sprintf.ts'

export const STRING_BUILTINS: readonly (readonly [string, Builtin])[] = [
  ['sprintf', ([format, args]) => sprintf(stringOperand(format), arrayItems(args))],
  [
    'strings.any_prefix_match',
    ([texts, prefixes]) => anyMatch(texts, prefixes, (text, prefix) => text.startsWith(prefix)),
  ],
  [
    'strings.any_suffix_match',
    ([texts, suffixes]) => anyMatch(texts, suffixes, (text, suffix) => text.endsWith(suffix)),
  ],
  ['strings.count', ([text, part]) => regoNumber(count(stringOperand(text), stringOperand(part)))],
]

function arrayItems(value: RegoValue | undefined): readonly RegoValue[] {
  if (value === undefined || !hasKind(value, 'array'))
    throw new BuiltinError('an array is expected')
  return value.items
}

function anyMatch(
  texts: RegoValue | undefined,
  affixes: RegoValue | undefined,
  matches: (text: string, affix: string) => boolean,
): boolean {
  const candidates = stringList(affixes)
  return stringList(texts).some((text) => candidates.some((affix) => matches(text, affix)))
}

/** One string, or an array or set of strings. */
function stringList(value: RegoValue | undefined): readonly string[] {
  if (typeof value === 'string') return [value]
  if (value !== undefined && (hasKind(value, 'array') || hasKind(value, 'set'))) {
    return value.items.map(stringOperand)
  }
  throw new BuiltinError('a string, array or set is expected')
}

/** As Go counts: an empty part occurs before each character and at the end. */
function count(text: string, part: string): number {
  return part === '' ? [...text].length + 1 : text.split(part).length - 1
}
