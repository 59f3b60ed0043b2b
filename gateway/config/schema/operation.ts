// `audit`, `limits`, `state`, `telemetry`: how the gateway runs.

import { z } from 'zod'
import { DEFAULTS } from '../defaults.ts'
import { count, duration, filePath, hot, restart, size } from './fields.ts'

const fileSink = z.strictObject({
  kind: restart(z.literal('file'), 'JSON lines in files, a hash chain each.'),
  dir: restart(filePath, 'Made on first start, mode 0700.'),
  fsync: restart(
    z.enum(['group', 'none']).prefault('group'),
    '`group`: a request leaves after its record is on disk; `none`: after it was written.',
  ),
  maxFileBytes: restart(
    size(DEFAULTS.maxFileBytes).prefault(DEFAULTS.maxFileBytes.value),
    'A new file begins beyond this.',
  ),
})

export const audit = z.strictObject({
  sinks: restart(
    z
      .array(z.discriminatedUnion('kind', [fileSink]))
      .min(1)
      .max(4),
    'Where records go.',
  ),
  key: restart(
    filePath,
    'Signs the checkpoints: its own key, never the issuer’s; made on first start, mode 0600, with its public half beside it.',
  ),
  checkpoint: restart(
    duration(DEFAULTS.checkpoint).prefault(DEFAULTS.checkpoint.value),
    'How often the end of the chain is signed.',
  ),
  onFailure: restart(
    z.literal('deny').prefault('deny'),
    'What happens to requests that cannot be recorded. Only `deny` in this version.',
  ),
})

const number = (
  limit: (typeof DEFAULTS)[
    'concurrent' | 'connections' | 'lookupsPerSecond' | 'requestsPerSecond' | 'maxHeaderLines'],
) => count(limit).prefault(limit.value)
const bytes = (limit: (typeof DEFAULTS)['maxHeaderBytes' | 'inspectBytes']) =>
  size(limit).prefault(limit.value)

const timeouts = z
  .strictObject({
    handshake: restart(
      duration(DEFAULTS.handshake).prefault(DEFAULTS.handshake.value),
      'TLS handshake, from the accepted connection.',
    ),
    headers: restart(
      duration(DEFAULTS.headers).prefault(DEFAULTS.headers.value),
      'A request head, from its first byte to its last.',
    ),
    bodyIdle: restart(
      duration(DEFAULTS.bodyIdle).prefault(DEFAULTS.bodyIdle.value),
      'Between two bytes of a request body.',
    ),
    keepAlive: restart(
      duration(DEFAULTS.keepAlive).prefault(DEFAULTS.keepAlive.value),
      'A connection without a request.',
    ),
    upstreamConnect: restart(
      duration(DEFAULTS.upstreamConnect).prefault(DEFAULTS.upstreamConnect.value),
      'TCP and TLS to the cloud.',
    ),
    upstreamHeaders: restart(
      duration(DEFAULTS.upstreamHeaders).prefault(DEFAULTS.upstreamHeaders.value),
      'From the sent request to the head of the answer.',
    ),
    upstreamIdle: restart(
      duration(DEFAULTS.upstreamIdle).prefault(DEFAULTS.upstreamIdle.value),
      'Between two bytes of an answer.',
    ),
    credential: restart(
      duration(DEFAULTS.credential).prefault(DEFAULTS.credential.value),
      'One call of the token endpoint.',
    ),
    drain: restart(
      duration(DEFAULTS.drain).prefault(DEFAULTS.drain.value),
      'After SIGTERM, for requests under way.',
    ),
  })
  .prefault({})

export const limits = z
  .strictObject({
    perIdentity: hot(
      z
        .strictObject({
          requestsPerSecond: hot(number(DEFAULTS.requestsPerSecond), 'Sustained rate.'),
          lookupsPerSecond: hot(
            number(DEFAULTS.lookupsPerSecond),
            'Sustained rate of look-ups that a policy asks for.',
          ),
          concurrent: hot(number(DEFAULTS.concurrent), 'Requests at a time.'),
          connections: hot(number(DEFAULTS.connections), 'Connections at a time.'),
        })
        .prefault({}),
      'For each SPIFFE ID.',
    ),
    maxConnectionAge: hot(
      duration(DEFAULTS.maxConnectionAge).prefault(DEFAULTS.maxConnectionAge.value),
      'After it the next answer says `Connection: close`. For connections opened after the reload.',
    ),
    connectionAgeGrace: hot(
      duration(DEFAULTS.connectionAgeGrace).prefault(DEFAULTS.connectionAgeGrace.value),
      'What is still under way so long after that age is cut.',
    ),
    maxHeaderBytes: restart(bytes(DEFAULTS.maxHeaderBytes), 'Request line and header lines.'),
    maxHeaderLines: restart(number(DEFAULTS.maxHeaderLines), 'Header lines of a request.'),
    inspectBytes: restart(
      bytes(DEFAULTS.inspectBytes),
      'Bodies held in memory for facts, together.',
    ),
    timeouts: restart(timeouts, 'How long each wait may last.'),
  })
  .prefault({})

const jobKeys = z
  .strictObject({
    dir: hot(
      filePath.prefault('./state/job-keys'),
      'Shared by all replicas; made when a route needs it, mode 0700.',
    ),
  })
  .prefault({})

export const state = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: restart(z.literal('memory'), 'Kept in this process only.'),
      jobKeys: hot(jobKeys, 'Keys that tag the BigQuery jobs of agents. Read again at a reload.'),
    }),
  ])
  .prefault({ kind: 'memory' })

export const telemetry = z
  .strictObject({
    log: hot(
      z
        .strictObject({
          level: hot(
            z.enum(['debug', 'info', 'warn', 'error', 'silent']).prefault('info'),
            'The least severe level that is logged (JSON lines on standard output).',
          ),
        })
        .prefault({}),
      'The log.',
    ),
    metrics: restart(
      z
        .strictObject({
          perAgent: restart(
            z.literal(false).prefault(false),
            'The SPIFFE ID as a label. Only `false` in this version.',
          ),
        })
        .prefault({}),
      'The metrics.',
    ),
  })
  .prefault({})
