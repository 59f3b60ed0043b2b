// Limits that no operator can set, each as the station that keeps it has it: docs/DEFAULTS.md is
// generated from here.

import { MOST_POOLS } from '../compose/clouds.ts'
import { MAX_ANSWER_BYTES } from '../credential/aws/web-identity.ts'
import {
  DEFAULT_MAX_ENTRIES,
  DEFAULT_MAX_EXCHANGES,
  EXPIRY_SKEW,
  PERMANENT_FAILURE,
} from '../credential/cache.ts'
import { LISTENER_LIMITS } from '../downstream/limits.ts'
import { MOST_PIPELINED } from '../downstream/listener.ts'
import {
  DELETE_LIST_BYTES,
  MAX_LISTED,
  RESTORE_REQUEST_BYTES,
} from '../facts/aws/s3/inspected-body.ts'
import { JOB_BODY_BYTES } from '../facts/gcp/bigquery/read-job.ts'
import { MAX_DEPTH } from '../facts/sql/brackets.ts'
import { MAX_NAMES } from '../facts/sql/names.ts'
import { MAX_SQL_LENGTH } from '../facts/sql/read-sql.ts'
import { JOB_STORE_LIMITS } from '../operations/job-store.ts'
import { LONGEST_CLIENT_JOB_ID } from '../operations/job-tag.ts'
import { MOST_IDENTITIES } from '../operations/limits.ts'
import { LOOKUP_CACHE_BYTES, LOOKUP_TTL } from '../operations/lookup-cache.ts'
import { LOOKUP_LIMITS } from '../pipeline/ask.ts'
import { LONGEST_EXPLANATION } from '../pipeline/explain-denial.ts'
import { MOST_LOOKUPS } from '../pipeline/lookup.ts'
import { BODY_DEADLINE_MS } from '../pipeline/understand.ts'
import { INLINE_P99_MS } from '../policy/bundle/activate.ts'
import { EVALUATION_PAGES } from '../policy/wasm/wasm-engine.ts'
import { PAGE_BYTES } from '../policy/wasm/webassembly.ts'
import { REQUEST_LIMITS } from '../request/limits.ts'
import {
  ALTERNATIVE_CAP,
  ALTERNATIVES_CAP,
  NAME_CAP,
  REASONS_CAP,
  RESOURCE_CAP,
} from '../respond/text.ts'
import { MAX_POLICY_CHARACTERS } from '../shape/aws/session-policy.ts'
import { MAX_CANDIDATES, MAX_NAME_COMPARISONS } from '../spiffe/path.ts'
import { MAX_RSA_BITS } from '../spiffe/public-key.ts'
import { MAX_CHAIN_BYTES, MAX_CHAIN_CERTIFICATES } from '../spiffe/verify.ts'
import { MAX_CERTIFICATE_BYTES } from '../spiffe/x509-svid.ts'
import { MOST_INFORMATIONAL } from '../upstream/forward.ts'
import { LONGEST_ERROR_BODY } from '../upstream/rewrite/error-answer.ts'
import { MAX_CONFIG_BYTES, MAX_CONFIG_DEPTH } from './document.ts'

export interface FixedLimit {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly reason: string
}

function fixed(name: string, value: number, unit: string, reason: string): FixedLimit {
  return { name, value, unit, reason }
}

export const FIXED_LIMITS: readonly FixedLimit[] = [
  fixed(
    'connections in all',
    LISTENER_LIMITS.maxConnections,
    'connections',
    'Bounds them all; one identity has `limits.perIdentity.connections`.',
  ),
  fixed(
    'request target',
    REQUEST_LIMITS.maxTargetBytes,
    'bytes',
    'An S3 key of 1024 bytes, each percent-encoded, and a query.',
  ),
  fixed(
    'pipelined requests',
    MOST_PIPELINED,
    'requests',
    'No SDK pipelines; each waits for the answer before it.',
  ),
  fixed(
    'after a refusal: what is read and dropped',
    LISTENER_LIMITS.lingerBytes,
    'bytes',
    'A reset would overtake the answer, so what the client still sends is read.',
  ),
  fixed(
    'after a refusal: how long',
    LISTENER_LIMITS.lingerMs,
    'ms',
    'A client that reads its answer stops sending well before.',
  ),
  fixed(
    'body that facts depend on: wait',
    BODY_DEADLINE_MS,
    'ms',
    'It holds memory of everyone’s budget while it comes.',
  ),
  fixed(
    'DeleteObjects: body',
    DELETE_LIST_BYTES,
    'bytes',
    'S3’s own limit of keys, escaped, with versions.',
  ),
  fixed('DeleteObjects: keys', MAX_LISTED, 'keys', 'S3 takes no more.'),
  fixed(
    'RestoreObject: body',
    RESTORE_REQUEST_BYTES,
    'bytes',
    'One without a query has a few hundred bytes.',
  ),
  fixed(
    'certificate',
    MAX_CERTIFICATE_BYTES,
    'bytes',
    'An SVID has about 1 KiB; parsing costs grow with size.',
  ),
  fixed(
    'certificates in a chain',
    MAX_CHAIN_CERTIFICATES,
    'certificates',
    'Real chains have two to four.',
  ),
  fixed('chain', MAX_CHAIN_BYTES, 'bytes', 'What an unauthenticated peer can make us parse.'),
  fixed(
    'possible links in the paths of a chain',
    MAX_CANDIDATES,
    'pairs',
    'Each may cost a signature check, ~0.1 ms; a maze of equal names has millions.',
  ),
  fixed(
    'names beside name constraints of a chain',
    MAX_NAME_COMPARISONS,
    'comparisons',
    'Both lists may have thousands; ~50 ns a comparison.',
  ),
  fixed(
    'RSA key of a certificate',
    MAX_RSA_BITS,
    'bits',
    'Verifying grows with the square of the size.',
  ),
  fixed(
    'policy: 99th percentile of an evaluation',
    INLINE_P99_MS,
    'ms',
    'It runs beside the requests and holds them up.',
  ),
  fixed(
    'policy: memory that an evaluation may add',
    EVALUATION_PAGES * PAGE_BYTES,
    'bytes',
    'Ends a runaway rule within about 0.1 s.',
  ),
  fixed(
    'policy: explanation in a record',
    LONGEST_EXPLANATION,
    'characters',
    'For a reader; a longer one is left out.',
  ),
  fixed('session policy', MAX_POLICY_CHARACTERS, 'characters', 'STS takes no more.'),
  fixed('answer of STS', MAX_ANSWER_BYTES, 'bytes', 'It has about 2 KiB.'),
  fixed(
    'credentials kept',
    DEFAULT_MAX_ENTRIES,
    'credentials',
    'One for each agent and session policy; the least recently used goes first.',
  ),
  fixed(
    'credential exchanges at once',
    DEFAULT_MAX_EXCHANGES,
    'exchanges',
    'A cloud that hangs must not collect every request.',
  ),
  fixed(
    'credential: not used before its end',
    EXPIRY_SKEW,
    'ms',
    'It must outlive the way to the cloud.',
  ),
  fixed(
    'credential: a configuration fault is remembered',
    PERMANENT_FAILURE,
    'ms',
    'Asking again does not mend it, and STS throttles.',
  ),
  fixed(
    'identities whose limits are counted',
    MOST_IDENTITIES,
    'identities',
    'Of more, the oldest that has nothing under way is forgotten.',
  ),
  fixed(
    'pools of upstream connections',
    MOST_POOLS,
    'pools',
    'One for each identity and route; the least recently used is closed first.',
  ),
  fixed(
    'informational answers before one answer',
    MOST_INFORMATIONAL,
    'answers',
    'No cloud sends more than one or two.',
  ),
  fixed(
    'error answer of the cloud that is looked into',
    LONGEST_ERROR_BODY,
    'bytes',
    'Error documents have a few KiB; a longer one is cut off and not passed on.',
  ),
  fixed(
    'configuration file',
    MAX_CONFIG_BYTES,
    'bytes',
    'A real one has a few KiB; the parser’s cost grows with size.',
  ),
  fixed(
    'configuration depth',
    MAX_CONFIG_DEPTH,
    'levels',
    'The schema needs seven; a file of brackets must not exhaust the stack.',
  ),
  fixed(
    'refusal: resource',
    RESOURCE_CAP,
    'characters',
    'An S3 key has up to 1024 bytes, of which the beginning tells enough.',
  ),
  fixed(
    'refusal: role, operation, each reason',
    NAME_CAP,
    'characters',
    'Ids have 64 at most; the rest is head-room.',
  ),
  fixed(
    'refusal: reasons',
    REASONS_CAP,
    'reasons',
    'More help nobody and would let a policy inflate every answer.',
  ),
  fixed('refusal: alternatives', ALTERNATIVES_CAP, 'texts', 'As many as a decision may name.'),
  fixed(
    'refusal: each alternative',
    ALTERNATIVE_CAP,
    'characters',
    'As long as a decision may make one.',
  ),
  fixed(
    'look-ups of one request',
    MOST_LOOKUPS,
    'look-ups',
    'And one evaluation more: a policy cannot make the gateway ask without end.',
  ),
  fixed(
    'look-up: whole answer',
    LOOKUP_LIMITS.deadlineMs,
    'milliseconds',
    'BigQuery answers a dry run in well under a second; SDKs wait a minute.',
  ),
  fixed(
    'look-up: answer',
    LOOKUP_LIMITS.maxBytes,
    'bytes',
    'References need a few KiB; the schema of a table with 10,000 columns is of this size.',
  ),
  fixed(
    'look-up: freshness',
    LOOKUP_TTL,
    'milliseconds',
    'A view or a routine may change behind an answer; IAM judges the query itself anyway.',
  ),
  fixed(
    'look-ups kept',
    LOOKUP_CACHE_BYTES,
    'bytes',
    'Some ten thousand answers; a hostile agent can push out others’, which are then asked again.',
  ),
  fixed(
    'BigQuery job body',
    JOB_BODY_BYTES,
    'bytes',
    'Four texts of the longest query: parameters and escapes have room.',
  ),
  fixed(
    'SQL text',
    MAX_SQL_LENGTH,
    'characters',
    'BigQuery takes 1 MB of query text; nothing that could run is refused for its length.',
  ),
  fixed('SQL text: open brackets', MAX_DEPTH, 'levels', 'Generated queries stay far below.'),
  fixed(
    'SQL text: different functions, table functions, tables, each',
    MAX_NAMES,
    'names',
    'They enter policy and records; few queries name fifty.',
  ),
  fixed(
    'job id of an agent',
    LONGEST_CLIENT_JOB_ID,
    'characters',
    'BigQuery takes 1,024, and the agent’s tag has 36 with its separator.',
  ),
  fixed(
    'jobs remembered: of one agent',
    JOB_STORE_LIMITS.perAgent,
    'jobs',
    'Only jobs whose id carries no tag need it; an agent follows a few at a time.',
  ),
  fixed(
    'jobs remembered: in all',
    JOB_STORE_LIMITS.inAll,
    'jobs',
    'Some 50 MiB; beyond it the agent that holds the most loses its oldest.',
  ),
  fixed(
    'jobs remembered: how long',
    JOB_STORE_LIMITS.keptFor / 1000,
    'seconds',
    'BigQuery keeps the results of a query for about 24 hours.',
  ),
]
