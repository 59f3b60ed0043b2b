// Every limit that an operator can set, with its value, unit and reason: the schema takes its defaults
// from here, and docs/DEFAULTS.md is generated from here and from fixed-limits.ts. A limit without a
// reason is a guess, so none is accepted.

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
  maxConnectionAge: limit(
    'limits.maxConnectionAge',
    '10m',
    'duration',
    '1s',
    '24h',
    'A handshake costs about 1 ms, so ten minutes cost nothing, and an agent that renewed its SVID, or a replica that was added, is seen within them. Ends up to a tenth earlier, so that not all come back at once.',
  ),
  connectionAgeGrace: limit(
    'limits.connectionAgeGrace',
    '1h',
    'duration',
    '0s',
    '24h',
    'A transfer of 5 GiB at 2 MB/s takes 45 minutes; what takes longer than this is cut, as it would be by the end of the usual SVID of an hour.',
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
  bundleMaxAge: limit(
    'identity.trustBundles.<domain>.maxAge',
    '24h',
    'duration',
    '5m',
    '168h',
    'A partner publishes new authorities days before they sign; a day covers an outage, and ends what nobody can revoke any more.',
  ),
  tokenTtl: limit(
    'issuer.tokenTtl',
    '5m',
    'duration',
    '1m',
    '5m',
    'The token is used once, at once; five minutes cover clock differences between us and the cloud.',
  ),
  publishAhead: limit(
    'issuer.keys.publishAhead',
    '24h',
    'duration',
    '10m',
    '720h',
    'No cloud says how long it keeps an issuer’s keys; minutes are seen, and a day is what others plan for.',
  ),
  signerTimeout: limit(
    'issuer.signer.timeout',
    '5s',
    'duration',
    '100ms',
    '30s',
    'The agent waits while it runs, as for a token endpoint; a KMS answers within a second.',
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
