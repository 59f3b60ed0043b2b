// `object.subset(super, sub)`: objects recursively, sets by membership, arrays as a contiguous run,
// a set of an array's elements by membership.

import { equalRegoValues, type RegoObject, type RegoValue } from '../rego-value.ts'
import { BuiltinError, hasKind } from './builtin.ts'

export function objectSubset([whole, part]: readonly RegoValue[]): boolean {
  if (whole !== undefined && part !== undefined) {
    const answer = compare(whole, part)
    if (answer !== undefined) return answer
    if (hasKind(whole, 'array') && hasKind(part, 'set')) return containsAll(whole.items, part.items)
  }
  throw new BuiltinError('two objects, sets or arrays are expected')
}

/** undefined: the two are not of one composite kind. */
function compare(whole: RegoValue, part: RegoValue): boolean | undefined {
  if (hasKind(whole, 'object') && hasKind(part, 'object')) return containsMembers(whole, part)
  if (hasKind(whole, 'set') && hasKind(part, 'set')) return containsAll(whole.items, part.items)
  if (hasKind(whole, 'array') && hasKind(part, 'array')) return containsRun(whole.items, part.items)
  return undefined
}

function containsMembers(whole: RegoObject, part: RegoObject): boolean {
  return part.entries.every(([key, wanted]) => {
    const found = whole.entries.find(([candidate]) => equalRegoValues(candidate, key))
    if (found === undefined) return false
    return equalRegoValues(found[1], wanted) || (compare(found[1], wanted) ?? false)
  })
}

function containsAll(whole: readonly RegoValue[], part: readonly RegoValue[]): boolean {
  return part.every((item) => whole.some((candidate) => equalRegoValues(candidate, item)))
}

function containsRun(whole: readonly RegoValue[], part: readonly RegoValue[]): boolean {
  for (let start = 0; start + part.length <= whole.length; start += 1) {
    const matches = part.every((item, index) => {
      const candidate = whole[start + index]
      return candidate !== undefined && equalRegoValues(candidate, item)
    })
    if (matches) return true
  }
  return false
}
