// RoleSessionName (STS API Reference): what CloudTrail and the assumed-role ARN show. A SPIFFE ID
// does not fit (`:` and `/` are not allowed), so it is a readable part and a hash of the whole ID,
// by which a record of AWS leads back to exactly one agent.

import { createHash } from 'node:crypto'
import type { Peer } from '../../spiffe/peer.ts'

const MAX_LENGTH = 64
const HASH_LENGTH = 20
const NOT_ALLOWED = /[^\w+=,.@-]/g

/** `data-crew.writer-5f0c…`: 22 to 64 characters. */
export function roleSessionName(peer: Peer): string {
  const hash = createHash('sha256').update(peer.spiffeId).digest('hex').slice(0, HASH_LENGTH)
  const readable = readablePart(peer).replace(NOT_ALLOWED, '-')
  return `${readable.slice(0, MAX_LENGTH - HASH_LENGTH - 1)}-${hash}`
}

function readablePart(peer: Peer): string {
  if (peer.agent !== undefined && peer.role !== undefined) return `${peer.agent}.${peer.role}`
  return peer.spiffeId.slice(peer.spiffeId.lastIndexOf('/') + 1) || 'agent'
}
