// The obligations of an allow. The list is closed: a condition that the gateway cannot carry out
// (unknown, misspelt, or of a feature to come) refuses the request instead of being skipped.

import { DecisionShapeError, distinctTexts, listOf, recordOf } from './decision-shape.ts'
import type { Obligations, SessionPolicyStatement } from './decision-types.ts'

export class UnsupportedObligation extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UnsupportedObligation'
  }
}

const STATEMENT_MEMBERS: ReadonlySet<string> = new Set(['actions', 'resources'])
/** STS refuses an inline policy beyond 2,048 characters, so no list of it can be longer. */
const MAX_LIST = 256
const MAX_TEXT = 2048
/** Visible ASCII is what an ARN and a header value hold. */
const VISIBLE_ASCII = /^[\u0020-\u007e]+$/

/**
 * Headers that a policy may set, lower case: each only narrows what the request may do, or says who
 * pays. Anything else could change what was judged.
 */
const SETTABLE_HEADERS: ReadonlySet<string> = new Set([
  'if-match',
  'x-amz-expected-bucket-owner',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-server-side-encryption-bucket-key-enabled',
  'x-amz-server-side-encryption-context',
  'x-amz-source-expected-bucket-owner',
  'x-goog-user-project',
])

/** Throws DecisionShapeError or UnsupportedObligation. */
export function parseObligations(value: unknown): Obligations {
  const members = recordOf(value, 'obligations')
  let obligations: Obligations = {}
  for (const [name, part] of members) {
    if (name === 'session_policy') obligations = { ...obligations, sessionPolicy: statements(part) }
    else if (name === 'set_headers') obligations = { ...obligations, setHeaders: headers(part) }
    else if (name === 'max_bytes_billed') {
      obligations = { ...obligations, maxBytesBilled: byteCount(part, name) }
    } else throw new UnsupportedObligation(`obligation ${JSON.stringify(name)} is not supported`)
  }
  return Object.freeze(obligations)
}

/** Sorted and without duplicates: a set's order must not make two credentials of one. */
function statements(value: unknown): readonly SessionPolicyStatement[] {
  const byText = new Map<string, SessionPolicyStatement>()
  for (const item of listOf(value, 'session_policy')) {
    const members = recordOf(item, 'a statement of session_policy', STATEMENT_MEMBERS)
    const actions = visibleTexts(members.get('actions'), 'actions of session_policy')
    const resources = visibleTexts(members.get('resources'), 'resources of session_policy')
    const statement = Object.freeze({ actions, resources })
    byText.set(JSON.stringify([actions, resources]), statement)
  }
  if (byText.size === 0) throw new DecisionShapeError('session_policy is empty')
  return Object.freeze([...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one))
}

/** Exact as a JavaScript number, so that the cap that is sent is the cap that was decided. */
function byteCount(value: unknown, what: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value
  throw new DecisionShapeError(`${what} is not a positive integer below 2^53`)
}

function visibleTexts(value: unknown, what: string): readonly string[] {
  const texts = distinctTexts(value, what, MAX_LIST, isVisible)
  if (texts.length === 0) throw new DecisionShapeError(`${what} are missing`)
  return texts
}

function headers(value: unknown): ReadonlyMap<string, string> {
  const set = new Map<string, string>()
  for (const [name, text] of recordOf(value, 'set_headers')) {
    if (!SETTABLE_HEADERS.has(name)) {
      throw new UnsupportedObligation(`header ${JSON.stringify(name)} cannot be set by a policy`)
    }
    if (typeof text !== 'string' || !isVisible(text) || text.trim() !== text) {
      throw new DecisionShapeError(`set_headers has no value for ${name} that a header can hold`)
    }
    set.set(name, text)
  }
  return set
}

function isVisible(text: string): boolean {
  return text.length <= MAX_TEXT && VISIBLE_ASCII.test(text)
}
