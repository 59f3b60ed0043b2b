// The mark in a job's own id that says whose it is: `sg1<tag>_<the agent's id>`. The tag is an HMAC
// over the agent, the project and the whole id behind it, so that one agent's tag fits no other id,
// no other project and no other agent. It needs no store: it holds across replicas and restarts.
//
// A tag is no secret (it stands in ids that are listed, logged and seen by others): what it proves is
// that the gateway stamped this id for this agent, and the gateway stamps only for the agent that asks.

import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto'
import type { JobKeys } from './job-keys.ts'

/** Of whom a job is: exactly one SPIFFE ID. */
export interface JobOwner {
  readonly trustDomain: string
  readonly spiffeId: string
}

/** What is signed begins with it: no other use of a key can yield a tag. */
const CONTEXT = 'svidgate job id 1'
const MARK = 'sg1'
/** Bytes of the HMAC that are kept: 128 bits (RFC 2104 §5 asks for half of SHA-256's at least). */
const TAG_BYTES = 16
const TAG_LENGTH = MARK.length + 2 * TAG_BYTES
const TAGGED = /^sg1[0-9a-f]{32}_./s
/** BigQuery REST, `JobReference.jobId`: "The maximum length is 1,024 characters". */
export const LONGEST_JOB_ID = 1024
/** Characters that an agent's own id may have, so that the stamped one is still short enough. */
export const LONGEST_CLIENT_JOB_ID = LONGEST_JOB_ID - TAG_LENGTH - 1

/** `jobId` with the owner's tag before it. */
export function tagged(keys: JobKeys, owner: JobOwner, project: string, jobId: string): string {
  return `${MARK}${tagOf(keys[0], owner, project, jobId).toString('hex')}_${jobId}`
}

/** Whether an id has the form of a tagged one, whosever the tag may be. */
export function hasTag(jobId: string): boolean {
  return TAGGED.test(jobId)
}

/** The agent's own part of an id whose tag is this owner's; undefined: not this owner's. */
export function untagged(
  keys: JobKeys,
  owner: JobOwner,
  project: string,
  jobId: string,
): string | undefined {
  if (!hasTag(jobId)) return undefined
  const claimed = Buffer.from(jobId.slice(MARK.length, TAG_LENGTH), 'hex')
  const own = jobId.slice(TAG_LENGTH + 1)
  const isTagged = keys.some((key) => timingSafeEqual(tagOf(key, owner, project, own), claimed))
  return isTagged ? own : undefined
}

function tagOf(key: KeyObject, owner: JobOwner, project: string, jobId: string): Buffer {
  const fields = [CONTEXT, owner.trustDomain, owner.spiffeId, project, jobId]
  return createHmac('sha256', key).update(lengthPrefixed(fields)).digest().subarray(0, TAG_BYTES)
}

/** UTF-8, each with its length before it (32 bits, big endian): no two lists are the same bytes. */
function lengthPrefixed(fields: readonly string[]): Buffer {
  const size = fields.reduce((sum, field) => sum + 4 + Buffer.byteLength(field), 0)
  const bytes = Buffer.allocUnsafe(size)
  let at = 0
  for (const field of fields) {
    const length = bytes.write(field, at + 4, 'utf8')
    at = bytes.writeUInt32BE(length, at) + length
  }
  return bytes
}
