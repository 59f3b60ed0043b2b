// The least input of a command, made from the vendor's schema: every required member, and no other.

const STRUCTURE = 3
const UNION = 4
const LIST = 1
const MAP = 2
const SIMPLE = 0
const LIST_FLAG = 64
const MAP_FLAG = 128

const BY_NAME: Readonly<Record<string, unknown>> = {
  Bucket: 'reports',
  Key: '2026/a b.txt',
  CopySource: 'archive/2025/old%20name.txt',
  RenameSource: 'reports/old.txt',
  PartNumber: 3,
  UploadId: 'upload-1',
  RequestRoute: 'route',
  ObjectAttributes: ['ETag'],
  AnnotationName: 'note',
  Body: 'hello',
  AnnotationPayload: 'hello',
}

export function leastInput(operation: readonly unknown[]): Record<string, unknown> {
  const value = valueOf(operation[4])
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

function valueOf(reference: unknown): unknown {
  const schema: unknown =
    typeof reference === 'function' ? (reference as () => unknown)() : reference
  if (typeof schema === 'number') return simpleValue(schema)
  if (!Array.isArray(schema)) throw new TypeError('not a schema')
  const [kind, , , , members, schemas, required] = schema as unknown[]
  if (kind === STRUCTURE || kind === UNION) {
    const names = members as string[]
    const count = kind === UNION ? 1 : Number(required ?? 0)
    return Object.fromEntries(
      names
        .slice(0, count)
        .map((name, index) => [name, BY_NAME[name] ?? memberValue((schemas as unknown[])[index])]),
    )
  }
  if (kind === LIST) return [memberValue(members)]
  if (kind === MAP) return {}
  if (kind === SIMPLE) return valueOf(members)
  throw new TypeError(`schema kind ${String(kind)}`)
}

/** A member is a schema, or a pair of schema and traits. */
function memberValue(member: unknown): unknown {
  const isPair = Array.isArray(member) && typeof member[0] !== 'string' && member.length === 2
  return valueOf(isPair ? (member as unknown[])[0] : member)
}

function simpleValue(code: number): unknown {
  if (code >= MAP_FLAG) return {}
  if (code >= LIST_FLAG) return [simpleValue(code - LIST_FLAG)]
  if (code === 1) return 1
  if (code === 2) return true
  if (code >= 4 && code <= 7) return new Date(0)
  return code === 21 || code === 42 ? new Uint8Array([1]) : 'v'
}
