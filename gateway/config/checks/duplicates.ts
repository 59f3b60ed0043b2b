/** Every item whose key an earlier item already has. */
export function duplicatesBy<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
): { readonly index: number; readonly key: string }[] {
  const seen = new Set<string>()
  const found: { index: number; key: string }[] = []
  items.forEach((item, index) => {
    const key = keyOf(item)
    if (seen.has(key)) found.push({ index, key })
    seen.add(key)
  })
  return found
}
