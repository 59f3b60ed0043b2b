// A certificate as a tree that a test can change anywhere and write again, every enclosing length
// mended: what comes out is well nested, so that a reader cannot refuse it for its lengths alone.

import { derLength } from './der.ts'

export interface DerNode {
  tag: number
  content: Buffer | DerNode[]
  /** Written instead of the length that is right. */
  length?: Buffer
}

const OCTET_STRING = 0x04

/** Reads what is well-formed; the values of extensions (OCTET STRING) are read into, too. */
export function readTree(der: Buffer): DerNode {
  const [node, ...more] = readNodes(der)
  if (node === undefined || more.length > 0) throw new Error('one DER value was expected')
  return node
}

function readNodes(der: Buffer): DerNode[] {
  const nodes: DerNode[] = []
  let at = 0
  while (at < der.length) {
    const tag = der.readUInt8(at)
    const first = der.readUInt8(at + 1)
    const octets = first < 0x80 ? 0 : first & 0x7f
    const length = octets === 0 ? first : der.readUIntBE(at + 2, octets)
    const start = at + 2 + octets
    const content = der.subarray(start, start + length)
    if (content.length !== length) throw new RangeError('a length beyond the end')
    nodes.push({ tag, content: contentOf(tag, content) })
    at = start + length
  }
  return nodes
}

function contentOf(tag: number, content: Buffer): Buffer | DerNode[] {
  if ((tag & 0x20) !== 0) return readNodes(content)
  if (tag !== OCTET_STRING) return content
  try {
    return readNodes(content)
  } catch (error) {
    // A key identifier, for example: bytes, not DER.
    if (error instanceof RangeError) return content
    throw error
  }
}

export function writeTree({ tag, content, length }: DerNode): Buffer {
  const body = Buffer.isBuffer(content) ? content : Buffer.concat(content.map(writeTree))
  return Buffer.concat([Buffer.of(tag), length ?? derLength(body.length), body])
}

export function copyTree({ tag, content, ...rest }: DerNode): DerNode {
  return { ...rest, tag, content: Buffer.isBuffer(content) ? content : content.map(copyTree) }
}

/** Every list of siblings, outermost first. */
export function listsOf(root: DerNode): DerNode[][] {
  const lists: DerNode[][] = []
  const visit = ({ content }: DerNode): void => {
    if (Buffer.isBuffer(content)) return
    if (content.length > 0) lists.push(content)
    content.forEach(visit)
  }
  visit(root)
  return lists
}
