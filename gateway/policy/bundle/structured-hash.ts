// The digest of a JSON file in a bundle signature (openpolicyagent.org, "Bundles", signing): over a
// canonical walk of the document, so that white space does not count. Strings are written as Go's
// encoding/json writes them with HTML escaping off, keys in the order of their UTF-8 bytes, numbers
// as they stand in the file.

import type { Hash } from 'node:crypto'
import { isJsonArray, isJsonObject, JsonNumber, type JsonValue } from '../../util/json.ts'

export function hashJson(hash: Hash, value: JsonValue): void {
  if (isJsonArray(value)) {
    hash.update('[')
    for (const [index, item] of value.entries()) {
      if (index > 0) hash.update(',')
      hashJson(hash, item)
    }
    hash.update(']')
  } else if (isJsonObject(value)) {
    hash.update('{')
    for (const [index, [key, member]] of sortedMembers(value).entries()) {
      hash.update(`${index > 0 ? ',' : ''}${goString(key)}:`)
      hashJson(hash, member)
    }
    hash.update('}')
  } else if (value instanceof JsonNumber) {
    hash.update(value.text)
  } else {
    hash.update(typeof value === 'string' ? goString(value) : String(value))
  }
}

function sortedMembers(value: ReadonlyMap<string, JsonValue>): readonly [string, JsonValue][] {
  return [...value].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

/** Go escapes the two line separators that JavaScript once could not hold; JSON.stringify does not. */
function goString(text: string): string {
  return JSON.stringify(text).replace(/[\u2028\u2029]/g, (letter) =>
    letter === '\u2028' ? '\\u2028' : '\\u2029',
  )
}
