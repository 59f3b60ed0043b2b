// Deep equality of plain data (primitives, arrays, plain objects). `isDeepStrictEqual` of node:util
// costs several times more, and this stands on the path of every request.

/** A key with the value undefined and an absent key are different. */
export function plainEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && arraysEqual(a, b)
  }
  const left = Object.entries(a)
  if (left.length !== Object.keys(b).length) return false
  const right: Readonly<Record<string, unknown>> = { ...b }
  for (const [key, value] of left) {
    if (!Object.hasOwn(right, key) || !plainEqual(value, right[key])) return false
  }
  return true
}

function arraysEqual(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index += 1) {
    if (!plainEqual(a[index], b[index])) return false
  }
  return true
}
