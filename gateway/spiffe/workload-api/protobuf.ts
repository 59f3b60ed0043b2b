// The wire format of Protocol Buffers (protobuf.dev/programming-guides/encoding), as far as the five
// messages of the Workload API need it: no code generation, no schema at run time. Fields that a
// newer agent may add are stepped over, as proto3 asks. Whatever a writer never makes and two
// readers could understand differently is an error: a known field of another wire type, a single
// field that stands twice, groups, numbers that are longer than they can be.

/** The bytes are not what they should be; never leaves this folder. */
export class ProtobufError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ProtobufError'
  }
}

const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const
const MAX_FIELD_NUMBER = 2 ** 29 - 1
const MAX_VARINT_BYTES = 10

/**
 * Hands over the content of every length-delimited field that `known` has, in order.
 *
 * @throws ProtobufError
 */
export function readFields(
  message: Buffer,
  known: Readonly<Record<number, (content: Buffer) => void>>,
): void {
  let at = 0
  while (at < message.length) {
    const tag = readVarint(message, at)
    at = tag.end
    const [field, wireType] = [Math.floor(tag.value / 8), tag.value % 8]
    if (field < 1 || field > MAX_FIELD_NUMBER) throw new ProtobufError(`field number ${field}`)
    const take = known[field]
    if (take !== undefined && wireType !== WIRE.bytes) {
      throw new ProtobufError(`field ${field} has wire type ${wireType}`)
    }
    const value = readValue(message, at, wireType)
    take?.(value.content)
    at = value.end
  }
}

function readValue(
  message: Buffer,
  at: number,
  wireType: number,
): { readonly content: Buffer; readonly end: number } {
  switch (wireType) {
    case WIRE.varint: {
      const { end } = readVarint(message, at)
      return { content: message.subarray(at, end), end }
    }
    case WIRE.fixed64:
      return slice(message, at, 8)
    case WIRE.fixed32:
      return slice(message, at, 4)
    case WIRE.bytes: {
      const { value, end } = readVarint(message, at)
      return slice(message, end, value)
    }
    default:
      throw new ProtobufError(`wire type ${wireType}`)
  }
}

function slice(
  message: Buffer,
  start: number,
  length: number,
): { readonly content: Buffer; readonly end: number } {
  const end = start + length
  if (end > message.length) throw new ProtobufError('the message ends within a field')
  return { content: message.subarray(start, end), end }
}

/** Values beyond 2^53 lose digits: they are no tag and no length of ours, and fail as such. */
function readVarint(
  message: Buffer,
  start: number,
): { readonly value: number; readonly end: number } {
  let value = 0
  for (let i = 0; i < MAX_VARINT_BYTES; i += 1) {
    const byte = message[start + i]
    if (byte === undefined) throw new ProtobufError('the message ends within a number')
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return { value, end: start + i + 1 }
  }
  throw new ProtobufError('a number of more than ten bytes')
}

/** A field that may stand once: the second time is an error. */
export class SingleField {
  #content: Buffer | undefined
  readonly #name: string

  constructor(name: string) {
    this.#name = name
  }

  readonly take = (content: Buffer): void => {
    if (this.#content !== undefined) throw new ProtobufError(`${this.#name} stands twice`)
    this.#content = content
  }

  /** Empty where it is absent: proto3 makes no difference. */
  bytes(): Buffer {
    return this.#content ?? Buffer.alloc(0)
  }

  /** @throws ProtobufError where it is empty or absent. */
  required(): Buffer {
    const content = this.bytes()
    if (content.length === 0) throw new ProtobufError(`${this.#name} is empty`)
    return content
  }

  text(): string {
    return textOf(this.bytes(), this.#name)
  }

  requiredText(): string {
    return textOf(this.required(), this.#name)
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(content: Buffer, name: string): string {
  try {
    return UTF8.decode(content)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new ProtobufError(`${name} is not UTF-8`)
  }
}

/**
 * Reads an entry of a `map<string, bytes>` into `map`; the same key twice is an error.
 *
 * @throws ProtobufError
 */
export function readMapEntry(entry: Buffer, name: string, map: Map<string, Buffer>): void {
  const key = new SingleField(`a key of ${name}`)
  const value = new SingleField(`a value of ${name}`)
  readFields(entry, { 1: key.take, 2: value.take })
  const text = key.requiredText()
  if (map.has(text)) throw new ProtobufError(`${name} has one key twice`)
  map.set(text, value.bytes())
}
