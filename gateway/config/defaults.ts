// Every limit with its value, unit and reason: the schema takes its defaults from here, and
// docs/DEFAULTS.md is generated from here. A limit without a reason is a guess, so none is accepted.

import { JOB_STORE_LIMITS } from '../operations/job-store.ts'
import { LONGEST_CLIENT_JOB_ID } from '../operations/job-tag.ts'
import { MAX_CONFIG_BYTES, MAX_CONFIG_DEPTH } from './document.ts'
import { LOOKUP_CACHE_BYTES, LOOKUP_TTL } from '../operations/lookup-cache.ts'
import { LOOKUP_LIMITS } from '../pipeline/ask.ts'
import { MOST_LOOKUPS } from '../pipeline/lookup.ts'
import { MAX_DEPTH } from '../facts/sql/brackets.ts'
import { MAX_NAMES } from '../facts/sql/names.ts'
import { MAX_SQL_LENGTH } from '../facts/sql/read-sql.ts'
import {
  ALTERNATIVE_CAP,
  ALTERNATIVES_CAP,
  NAME_CAP,
  REASONS_CAP,
  RESOURCE_CAP,
} from '../respond/text.ts'

export interface ConfigurableLimit {
  /** The field of the configuration. */
  readonly field: string
  /** As an operator would write it. */
  readonly value: string | number
  readonly unit: string
  readonly least: string | number
  readonly most: string | number
  readonly reason: string
}

export interface FixedLimit {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly reason: string
}

function limit<V extends string | number>(
  field: string,
  value: V,
  unit: string,
  least: V,
  most: V,
  reason: string,
): ConfigurableLimit & { readonly value: V; readonly least: V; readonly most: V } {
  return { field, value, unit, least, most, reason }
}

export const DEFAULTS = {
  requestsPerSecond: limit(
    'limits.perIdentity.requestsPerSecond',
    100,
    'requests',
    1,
    100_000,
    'Ten times what a busy agent sends; one runaway loop cannot use up the others’ share.',
  ),
  concurrent: limit(
    'limits.perIdentity.concurrent',
    64,
    'requests',
    1,
    10_000,
    'SDK pools hold 50 connections at most by default; a few more leave room for retries.',
  ),
  lookupsPerSecond: limit(
    'limits.perIdentity.lookupsPerSecond',
    10,
    'look-ups',
    1,
    10_000,
    'Dry runs of new queries, asked before an allow: an analyst writes one in seconds, and a project may make 100 calls a second for each user.',
  ),
  connections: limit(
    'limits.perIdentity.connections',
    16,
    'connections',
    1,
    10_000,
    'Each costs memory while it is idle and about 1 ms of CPU to open; an agent process keeps one pool.',
  ),
  maxHeaderBytes: limit(
    'limits.maxHeaderBytes',
    '16KiB',
    'bytes',
    '4KiB',
    '64KiB',
    'What S3 (8 KiB) and most servers accept, doubled for long metadata headers.',
  ),
  maxHeaderLines: limit(
    'limits.maxHeaderLines',
    100,
    'lines',
    16,
    1000,
    'SDKs send about 15 and user metadata seldom more than 30; each line costs look-ups.',
  ),
  inspectBytes: limit(
    'limits.inspectBytes',
    '256MiB',
    'bytes',
    '1MiB',
    '16GiB',
    'All bodies together that are held in memory because facts need them; beyond it requests wait outside (503).',
  ),
  handshake: limit(
    'limits.timeouts.handshake',
    '10s',
    'duration',
    '1s',
    '1m',
    'A handshake takes a few round trips; a peer that has not proved itself holds a socket only this long.',
  ),
  headers: limit(
    'limits.timeouts.headers',
    '15s',
    'duration',
    '1s',
    '2m',
    'From the first byte of a head to its last: stops peers that send one byte at a time.',
  ),
  bodyIdle: limit(
    'limits.timeouts.bodyIdle',
    '30s',
    'duration',
    '1s',
    '10m',
    'Without a byte of the body this long, the sender is gone; SDKs give up after 60 s.',
  ),
  keepAlive: limit(
    'limits.timeouts.keepAlive',
    '65s',
    'duration',
    '1s',
    '1h',
    'Longer than the 60 s of common load balancers, so that they and not we close first.',
  ),
  upstreamConnect: limit(
    'limits.timeouts.upstreamConnect',
    '5s',
    'duration',
    '100ms',
    '1m',
    'Covers one lost SYN (1 s) and its second loss (3 s).',
  ),
  upstreamHeaders: limit(
    'limits.timeouts.upstreamHeaders',
    '60s',
    'duration',
    '1s',
    '15m',
    'The read timeout of the AWS SDKs: waiting longer than the agent does helps nobody.',
  ),
  upstreamIdle: limit(
    'limits.timeouts.upstreamIdle',
    '60s',
    'duration',
    '1s',
    '15m',
    'Without a byte of the answer this long, the agent’s own read timeout has fired.',
  ),
  credential: limit(
    'limits.timeouts.credential',
    '5s',
    'duration',
    '500ms',
    '30s',
    'The agent waits while this runs; a token endpoint that takes longer is down for all that matters.',
  ),
  drain: limit(
    'limits.timeouts.drain',
    '25s',
    'duration',
    '0s',
    '1h',
    'Kubernetes kills after 30 s; 5 s are left to write the last records.',
  ),
  tokenTtl: limit(
    'issuer.tokenTtl',
    '5m',
    'duration',
    '1m',
    '5m',
    'The token is used once, at once; five minutes cover clock differences between us and the cloud.',
  ),
  sessionDuration: limit(
    'credentials.*.duration',
    '900s',
    'duration',
    '900s',
    '12h',
    'The shortest that STS grants: a stolen session dies soonest. Twelve hours is the longest.',
  ),
  impersonationLifetime: limit(
    'credentials.*.lifetime',
    '900s',
    'duration',
    '300s',
    '3300s',
    'A token that leaks dies soon. Google grants an hour, and refuses `3600s` when clocks differ a little.',
  ),
  checkpoint: limit(
    'audit.checkpoint',
    '60s',
    'duration',
    '1s',
    '1h',
    'What could be cut off the end of a chain unnoticed is at most what one minute wrote.',
  ),
  maxFileBytes: limit(
    'audit.sinks.*.maxFileBytes',
    '256MiB',
    'bytes',
    '1MiB',
    '4GiB',
    'Some 200,000 records of about 1 KiB: a file that still opens in an editor.',
  ),
} as const

/** Limits that no operator can set. */
export const FIXED_LIMITS: readonly FixedLimit[] = [
  {
    name: 'configuration file',
    value: MAX_CONFIG_BYTES,
    unit: 'bytes',
    reason: 'A real one has a few KiB; the parser’s cost grows with size.',
  },
  {
    name: 'configuration depth',
    value: MAX_CONFIG_DEPTH,
    unit: 'levels',
    reason: 'The schema needs seven; a file of brackets must not exhaust the stack.',
  },
  {
    name: 'look-ups of one request',
    value: MOST_LOOKUPS,
    unit: 'look-ups',
    reason: 'And one evaluation more: a policy cannot make the gateway ask without end.',
  },
  {
    name: 'look-up: whole answer',
    value: LOOKUP_LIMITS.deadlineMs,
    unit: 'milliseconds',
    reason: 'BigQuery answers a dry run in well under a second; SDKs wait a minute.',
  },
  {
    name: 'look-up: answer',
    value: LOOKUP_LIMITS.maxBytes,
    unit: 'bytes',
    reason: 'References need a few KiB; the schema of a table with 10,000 columns is of this size.',
  },
  {
    name: 'look-up: freshness',
    value: LOOKUP_TTL,
    unit: 'milliseconds',
    reason: 'A view or a routine may change behind an answer; IAM judges the query itself anyway.',
  },
  {
    name: 'look-ups kept',
    value: LOOKUP_CACHE_BYTES,
    unit: 'bytes',
    reason:
      'Some ten thousand answers; a hostile agent can push out others’, which are then asked again.',
  },
  {
    name: 'refusal: resource',
    value: RESOURCE_CAP,
    unit: 'characters',
    reason: 'An S3 key has up to 1024 bytes, of which the beginning tells enough.',
  },
  {
    name: 'refusal: role, operation, each reason',
    value: NAME_CAP,
    unit: 'characters',
    reason: 'Ids have 64 at most; the rest is head-room.',
  },
  {
    name: 'refusal: reasons',
    value: REASONS_CAP,
    unit: 'reasons',
    reason: 'More help nobody and would let a policy inflate every answer.',
  },
  {
    name: 'refusal: alternatives',
    value: ALTERNATIVES_CAP,
    unit: 'texts',
    reason: 'As many as a decision may name.',
  },
  {
    name: 'refusal: each alternative',
    value: ALTERNATIVE_CAP,
    unit: 'characters',
    reason: 'As long as a decision may make one.',
  },
  {
    name: 'job id of an agent',
    value: LONGEST_CLIENT_JOB_ID,
    unit: 'characters',
    reason: 'BigQuery takes 1,024, and the agent’s tag has 36 with its separator.',
  },
  {
    name: 'jobs remembered: of one agent',
    value: JOB_STORE_LIMITS.perAgent,
    unit: 'jobs',
    reason: 'Only jobs whose id carries no tag need it; an agent follows a few at a time.',
  },
  {
    name: 'jobs remembered: in all',
    value: JOB_STORE_LIMITS.inAll,
    unit: 'jobs',
    reason: 'Some 50 MiB; beyond it the agent that holds the most loses its oldest.',
  },
  {
    name: 'jobs remembered: how long',
    value: JOB_STORE_LIMITS.keptFor / 1000,
    unit: 'seconds',
    reason: 'BigQuery keeps the results of a query for about 24 hours.',
  },
  {
    name: 'SQL text',
    value: MAX_SQL_LENGTH,
    unit: 'characters',
    reason: 'BigQuery takes 1 MB of query text; nothing that could run is refused for its length.',
  },
  {
    name: 'SQL text: open brackets',
    value: MAX_DEPTH,
    unit: 'levels',
    reason: 'Generated queries stay far below.',
  },
  {
    name: 'SQL text: different functions, table functions, tables, each',
    value: MAX_NAMES,
    unit: 'names',
    reason: 'They enter policy and records; few queries name fifty.',
  },
]
