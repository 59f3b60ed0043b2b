// Mutations of certificates for the fuzz tests: of bytes, and of the tree with lengths mended. Fast
// and repeatable: everything follows from the seed.

import { copyTree, listsOf, readTree, writeTree } from './der-tree.ts'
import type { DerNode } from './der-tree.ts'
import { derLength, hex } from './der.ts'

export interface Dice {
  /** A whole number from 0 to below `sides`. */
  roll(sides: number): number
}

/** xorshift32 (Marsaglia 2003). */
export function dice(seed: number): Dice {
  let state = seed === 0 ? 1 : seed | 0
  return {
    roll: (sides) => {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      return (state >>> 0) % sides
    },
  }
}

type ByteMutation = (bytes: Buffer, dice: Dice) => Buffer
type TreeMutation = (root: DerNode, dice: Dice, donors: readonly DerNode[]) => void

function flipBits(bytes: Buffer, { roll }: Dice): Buffer {
  const copy = Buffer.from(bytes)
  for (let i = roll(3); i >= 0; i -= 1) {
    const at = roll(copy.length)
    copy.writeUInt8(copy.readUInt8(at) ^ (1 << roll(8)), at)
  }
  return copy
}

/** Values at which readers of lengths, tags and numbers change their minds. */
const TELLING = [0x00, 0x01, 0x1f, 0x24, 0x30, 0x7f, 0x80, 0x81, 0x82, 0x84, 0xa0, 0xfe, 0xff]

function setByte(bytes: Buffer, { roll }: Dice): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt8(TELLING[roll(TELLING.length)] ?? 0, roll(copy.length))
  return copy
}

function truncate(bytes: Buffer, { roll }: Dice): Buffer {
  const at = roll(bytes.length)
  return roll(2) === 0 ? bytes.subarray(0, at) : bytes.subarray(bytes.length - at)
}

function splice(bytes: Buffer, { roll }: Dice): Buffer {
  const from = roll(bytes.length)
  const piece = bytes.subarray(from, from + 1 + roll(40))
  const at = roll(bytes.length)
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + roll(40))])
}

const BYTES: readonly ByteMutation[] = [flipBits, setByte, truncate, splice]

function pick<T>(list: readonly T[], { roll }: Dice): T {
  const one = list[roll(list.length)]
  if (one === undefined) throw new Error('nothing to pick from')
  return one
}

const somewhere = (root: DerNode, given: Dice): DerNode => pick(pick(listsOf(root), given), given)

/** Forms of a length that BER has and DER has not, and lengths that are wrong. */
const wrongLength: TreeMutation = (root, given) => {
  const node = somewhere(root, given)
  const real = Buffer.isBuffer(node.content)
    ? node.content.length
    : node.content.reduce((sum, part) => sum + writeTree(part).length, 0)
  node.length = pick(
    [
      hex('80'),
      Buffer.of(0x81, real & 0xff),
      Buffer.of(0x82, real >> 8, real & 0xff),
      Buffer.of(0x83, 0, real >> 8, real & 0xff),
      derLength(real + 1),
      derLength(Math.max(0, real - 1)),
      hex('84ffffffff'),
      hex('ff'),
    ],
    given,
  )
}

const otherTag: TreeMutation = (root, given) => {
  const node = somewhere(root, given)
  node.tag = given.roll(3) === 0 ? node.tag ^ 0x20 : given.roll(256)
}

const dropNode: TreeMutation = (root, given) => {
  const list = pick(listsOf(root), given)
  list.splice(given.roll(list.length), 1)
}

const repeatNode: TreeMutation = (root, given) => {
  const list = pick(listsOf(root), given)
  const at = given.roll(list.length)
  const node = list[at]
  if (node !== undefined) list.splice(at, 0, copyTree(node))
}

const swapNodes: TreeMutation = (root, given) => {
  const list = pick(listsOf(root), given)
  const [a, b] = [given.roll(list.length), given.roll(list.length)]
  const [one, other] = [list[a], list[b]]
  if (one === undefined || other === undefined) return
  list[a] = other
  list[b] = one
}

/** An element of another certificate, or of another place, in the place of one. */
const transplant: TreeMutation = (root, given, donors) => {
  const list = pick(listsOf(root), given)
  list[given.roll(list.length)] = copyTree(somewhere(pick(donors, given), given))
}

const changeContent: TreeMutation = (root, given) => {
  const node = somewhere(root, given)
  if (!Buffer.isBuffer(node.content)) return
  node.content =
    node.content.length === 0
      ? pick([hex('00'), hex('ff')], given)
      : pick(BYTES, given)(node.content, given)
}

const TREE: readonly TreeMutation[] = [
  wrongLength,
  otherTag,
  dropNode,
  repeatNode,
  swapNodes,
  transplant,
  changeContent,
  changeContent,
]

export interface Mutator {
  /** Another form of `der`, or now and then the same bytes. */
  bytes(der: Buffer): Buffer
  /** As `bytes`, but every length is right unless it is what was changed. */
  tree(root: DerNode): Buffer
}

export function makeMutator(given: Dice, certificates: readonly Buffer[]): Mutator {
  const donors = certificates.map(readTree)
  return {
    bytes: (der) => pick(BYTES, given)(der, given),
    tree: (root) => {
      const copy = copyTree(root)
      for (let i = given.roll(8) === 0 ? 1 : 0; i >= 0; i -= 1)
        pick(TREE, given)(copy, given, donors)
      return writeTree(copy)
    },
  }
}
