// What the token says to AWS beside who it is for: session tags and the source identity (IAM User
// Guide, "Pass session tags using AssumeRoleWithWebIdentity" and "Monitor and control actions taken
// with assumed roles"). Both become part of what policies and CloudTrail know of the session, so they
// are made of configuration and validated identity alone.

import type { Peer } from '../../spiffe/peer.ts'
import { compilePeerTemplate, type PeerTemplate } from '../peer-template.ts'

export interface SessionClaimOptions {
  /** Key → value, which may name `{tenant}`, `{agent}` and `{role}`. */
  readonly sessionTags?: Readonly<Record<string, string>> | undefined
  /** Keys of tags that stay through role chaining. */
  readonly transitiveTags?: readonly string[] | undefined
  /** May name `{tenant}`, `{agent}` and `{role}`. */
  readonly sourceIdentity?: string | undefined
}

export interface SessionClaims {
  /** Undefined: the identity lacks a name, or what it gives does not fit. */
  of(peer: Peer): Readonly<Record<string, unknown>> | undefined
  /** Everything that they are made of, for cache keys. */
  readonly fingerprint: string
}

const TAGS_CLAIM = 'https://aws.amazon.com/tags'
const SOURCE_IDENTITY_CLAIM = 'https://aws.amazon.com/source_identity'

/** IAM User Guide, "Pass session tags in AWS STS": keys, values and their number. */
const MOST_TAGS = 50
const TAG_KEY = /^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/iu
const TAG_VALUE = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u
/** STS API Reference, SourceIdentity. */
const SOURCE_IDENTITY = /^(?!aws:)[\w+=,.@-]{2,64}$/i

/** @throws TypeError that names the field and what is wrong with it */
export function compileSessionClaims(options: SessionClaimOptions, where: string): SessionClaims {
  const { sessionTags = {}, transitiveTags = [], sourceIdentity } = options
  const tags = Object.entries(sessionTags)
  checkTags(tags, transitiveTags, where)
  const templates = tags.map(
    ([key, value]) => [key, compilePeerTemplate(`${where}: sessionTags`, value)] as const,
  )
  const source =
    sourceIdentity === undefined
      ? undefined
      : compilePeerTemplate(`${where}: sourceIdentity`, sourceIdentity)
  return {
    of: (peer) => {
      const tagClaim = tagsFor(templates, transitiveTags, peer)
      const sourceClaim = source === undefined ? {} : sourceFor(source, peer)
      if (tagClaim === undefined || sourceClaim === undefined) return undefined
      return Object.freeze({ ...tagClaim, ...sourceClaim })
    },
    fingerprint: JSON.stringify([tags, transitiveTags, sourceIdentity ?? null]),
  }
}

function checkTags(
  tags: readonly (readonly [string, string])[],
  transitive: readonly string[],
  where: string,
): void {
  if (tags.length > MOST_TAGS) {
    throw new TypeError(`${where}: sessionTags has ${tags.length} tags; STS takes ${MOST_TAGS}`)
  }
  // IAM compares keys without regard to case: two of such would be one, and which, nobody knows.
  const keys = new Set<string>()
  for (const [key] of tags) {
    if (!TAG_KEY.test(key)) throw new TypeError(`${where}: ${key} is no key of a session tag`)
    if (keys.has(key.toLowerCase())) {
      throw new TypeError(`${where}: sessionTags has ${key} twice, but for upper and lower case`)
    }
    keys.add(key.toLowerCase())
  }
  const unknown = transitive.find((key) => !tags.some(([known]) => known === key))
  if (unknown !== undefined) {
    throw new TypeError(
      `${where}: transitiveTags names ${unknown}, which sessionTags does not have`,
    )
  }
}

function tagsFor(
  templates: readonly (readonly [string, PeerTemplate])[],
  transitive: readonly string[],
  peer: Peer,
): Readonly<Record<string, unknown>> | undefined {
  if (templates.length === 0) return {}
  const tags: [string, readonly string[]][] = []
  for (const [key, template] of templates) {
    const value = template.fill(peer)
    if (value === undefined || !TAG_VALUE.test(value)) return undefined
    tags.push([key, [value]])
  }
  return {
    [TAGS_CLAIM]: {
      principal_tags: Object.fromEntries(tags),
      transitive_tag_keys: transitive,
    },
  }
}

function sourceFor(
  template: PeerTemplate,
  peer: Peer,
): Readonly<Record<string, unknown>> | undefined {
  const value = template.fill(peer)
  if (value === undefined || !SOURCE_IDENTITY.test(value)) return undefined
  return { [SOURCE_IDENTITY_CLAIM]: value }
}
