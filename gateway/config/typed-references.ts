// A variable of the environment is text; a field may want a number or a switch. Where the whole value
// is one reference, and the schema wants such a type there, the text becomes it.

import type { ConfigDocument } from './document.ts'
import { schemaAt, type JsonSchema } from './json-schema.ts'
import { valueAt } from './schema-findings.ts'

const WHOLE = /^\$\{[^}]*\}$/

/** The document's value, with such texts replaced in place: it was made for this load alone. */
export function typeReferences(document: ConfigDocument, root: JsonSchema): unknown {
  for (const { path, written } of document.references.values()) {
    if (!WHOLE.test(written)) continue
    const text = valueAt(document.value, path)
    const typed = typedValue(text, schemaAt(root, document.value, path)?.type)
    const parent = valueAt(document.value, path.slice(0, -1))
    const key = path.at(-1)
    if (typed === undefined || typeof parent !== 'object' || parent === null) continue
    if (key !== undefined) Object.defineProperty(parent, key, { value: typed })
  }
  return document.value
}

/** Undefined: the text stays, and the schema says what it expected. */
function typedValue(text: unknown, type: string | undefined): number | boolean | undefined {
  if (typeof text !== 'string') return undefined
  if (type === 'boolean') {
    if (text === 'true') return true
    return text === 'false' ? false : undefined
  }
  const isNumber = type === 'integer' || type === 'number'
  return isNumber && /^(0|-?[1-9]\d{0,14})$/.test(text) ? Number(text) : undefined
}
