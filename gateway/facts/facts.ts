// What the request *is*: derived once, used by policy, signing, limits and records
// (docs/POLICY.md). A fact that could not be established is absent, never guessed. Only
// `facts/classify.ts` makes one.

import type { Provider } from '../routing/route.ts'
import { sameSql, sqlDocument, type SqlDocument, type SqlFacts } from './sql-facts.ts'

declare const brand: unique symbol

/** Ascending: an operation's access is the highest that any part of it has. */
export const ACCESS_ORDER = ['list', 'read', 'write', 'permissions', 'credentials'] as const
export type Access = (typeof ACCESS_ORDER)[number] | 'unknown'

/** The closed list of `input.schema.json`. */
export const TARGET_TYPES = [
  'account',
  'bucket',
  'object',
  'table',
  'query',
  'dataset',
  'routine',
  'model',
  'job',
] as const
export type TargetType = (typeof TARGET_TYPES)[number]

export interface Target {
  readonly type: TargetType
  readonly access: Access
  /** Its ARN or full name. */
  readonly name: string
  /** Bucket, dataset, account/container, vault: one word for every cloud. */
  readonly container: string
  /** Key, table, blob, secret; for a list operation the prefix. */
  readonly path: string
  readonly bucket?: string
  readonly key?: string
  readonly version?: string
  readonly prefix?: string
  readonly project?: string
  readonly dataset?: string
  readonly table?: string
  readonly routine?: string
  readonly model?: string
  readonly job?: string
  /** Of a job: whether this very agent began it (docs/POLICY.md). */
  readonly own?: boolean
}

/**
 * A cloud permission that the operation needs, best effort (Service Authorization Reference, Amazon
 * S3).
 */
export interface Permission {
  readonly action: string
  readonly resource: string
}

export interface Operation {
  readonly provider: Provider
  readonly service: string
  /** `s3.PutObject` */
  readonly name: string
  readonly access: Access
  /** False when something could be named by no look-up either. */
  readonly complete: boolean
  /** Facts that a look-up would add. */
  readonly pending: readonly string[]
  readonly permissions: readonly Permission[]
}

/**
 * How the body's integrity is stated, and so how it is signed (Amazon S3 API Reference, "Signature
 * calculations: transferring payload").
 */
export type PayloadMode = 'none' | 'hash' | 'unsigned' | 'unsigned-trailer' | 'buffered'

export interface Facts {
  readonly [brand]: 'Facts'
  readonly service: string
  /** The operation's own name: `PutObject`. */
  readonly action: string
  readonly operation: Operation
  /** Every resource that the request touches; never empty. */
  readonly targets: readonly Target[]
  /** Absent where the request does not show it. */
  readonly account: string | undefined
  readonly region: string | undefined
  readonly payloadMode: PayloadMode
  /** Of a request that carries an SQL text; undefined of every other. */
  readonly sql?: SqlFacts | undefined
}

export type FactsFields = Omit<Facts, typeof brand>

export function makeFacts(fields: FactsFields): Facts {
  return Object.freeze(fields) as Facts
}

/**
 * Whether two facts say the same. Written out by member, because it stands on the path of every
 * request; its test knows every member.
 */
export function sameFacts(a: Facts, b: Facts): boolean {
  return (
    a.service === b.service &&
    a.action === b.action &&
    a.account === b.account &&
    a.region === b.region &&
    a.payloadMode === b.payloadMode &&
    sameOperation(a.operation, b.operation) &&
    sameItems(a.targets, b.targets, sameTarget) &&
    sameSql(a.sql, b.sql)
  )
}

function sameOperation(a: Operation, b: Operation): boolean {
  return (
    a.provider === b.provider &&
    a.service === b.service &&
    a.name === b.name &&
    a.access === b.access &&
    a.complete === b.complete &&
    sameItems(a.pending, b.pending, Object.is) &&
    sameItems(a.permissions, b.permissions, samePermission)
  )
}

function samePermission(a: Permission, b: Permission): boolean {
  return a.action === b.action && a.resource === b.resource
}

function sameTarget(a: Target, b: Target): boolean {
  return (
    a.type === b.type &&
    a.access === b.access &&
    a.name === b.name &&
    a.container === b.container &&
    a.path === b.path &&
    a.bucket === b.bucket &&
    a.key === b.key &&
    a.version === b.version &&
    a.prefix === b.prefix &&
    a.project === b.project &&
    a.dataset === b.dataset &&
    a.table === b.table &&
    a.routine === b.routine &&
    a.model === b.model &&
    a.job === b.job &&
    a.own === b.own
  )
}

export function sameItems<T>(
  a: readonly T[],
  b: readonly T[],
  same: (a: T, b: T) => boolean,
): boolean {
  if (a.length !== b.length) return false
  for (const [index, item] of a.entries()) {
    const other = b[index]
    if (other === undefined || !same(item, other)) return false
  }
  return true
}

/** The facts as `svidgate facts` prints them and as policy sees them (docs/POLICY.md). */
export interface FactsDocument {
  readonly service: string
  readonly action: string
  readonly operation: Operation
  readonly targets: readonly Target[]
  readonly account?: string
  readonly region?: string
  readonly sql?: SqlDocument
}

export function factsDocument(facts: Facts): FactsDocument {
  return {
    service: facts.service,
    action: facts.action,
    operation: facts.operation,
    targets: facts.targets,
    ...(facts.account === undefined ? {} : { account: facts.account }),
    ...(facts.region === undefined ? {} : { region: facts.region }),
    ...(facts.sql === undefined ? {} : { sql: sqlDocument(facts.sql) }),
  }
}
