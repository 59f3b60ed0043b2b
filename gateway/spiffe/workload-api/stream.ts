// One stream of the Workload API, kept open: asked again with growing, jittered pauses whenever it
// ends, whatever the reason, but for the two answers after which asking again is no use
// (SPIFFE_Workload_API.md §4.3, SPIFFE_Workload_Endpoint.md §5). The only file that knows gRPC.

import { Client, credentials, logVerbosity, Metadata, setLogVerbosity, status } from '@grpc/grpc-js'
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js'
import type { StopTimer, Timers } from '../../util/timers.ts'

/** The service has no package: that is its whole name. */
const SERVICE = '/SpiffeWorkloadAPI'

export type WorkloadMethod = 'FetchX509SVID' | 'FetchX509Bundles'

/**
 * gRPC's own 4 MiB are passed by a domain that federates with hundreds of others; an agent that
 * sends more than this is broken.
 */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024
export const LEAST_PAUSE_MS = 250
export const MOST_PAUSE_MS = 30_000

export type StreamEnd =
  /** The agent has no identity for us (yet, or any more). */
  | 'denied'
  /** It will be asked again. */
  | 'lost'
  /** It will not: the question itself was refused, or is unknown there. */
  | 'stopped'

export interface StreamOptions {
  /** As `parseWorkloadEndpoint` gives it. */
  readonly target: string
  readonly method: WorkloadMethod
  readonly timers: Timers
  /** [0, 1) */
  readonly random: () => number
  /** Called with each message; what it makes of it is its own affair. */
  readonly onMessage: (message: Buffer) => void
  /** `detail`: the status, for our own log. */
  readonly onEnd: (end: StreamEnd, detail: string) => void
}

export class WorkloadStream {
  readonly #options: StreamOptions
  #client: Client | undefined
  #call: ClientReadableStream<Buffer> | undefined
  #stopTimer: StopTimer | undefined
  /** Since the last message. */
  #failures = 0
  #isClosed = false

  constructor(options: StreamOptions) {
    // It would write to standard error, past our log.
    setLogVerbosity(logVerbosity.NONE)
    this.#options = options
    this.#open()
  }

  close(): void {
    this.#isClosed = true
    this.#stopTimer?.()
    this.#call?.cancel()
    this.#client?.close()
  }

  #open(): void {
    const { target, method, onMessage } = this.#options
    // A client for each attempt, with nothing shared: gRPC's own pauses between connections would
    // make an attempt of ours fail without one.
    const client = new Client(target, credentials.createInsecure(), {
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.default_authority': 'localhost',
      'grpc.enable_retries': 0,
      'grpc.enable_http_proxy': 0,
      'grpc.service_config_disable_resolution': 1,
    })
    const metadata = new Metadata()
    // SPIFFE_Workload_Endpoint.md §3: a browser that is tricked into asking cannot set it.
    metadata.set('workload.spiffe.io', 'true')
    const call = client.makeServerStreamRequest(
      `${SERVICE}/${method}`,
      identity,
      identity,
      Buffer.alloc(0),
      metadata,
    )
    this.#client = client
    this.#call = call
    call.on('data', (message: Buffer) => {
      if (this.#isClosed) return
      this.#failures = 0
      onMessage(message)
    })
    // A stream that ends well tells no error, and one that fails tells both: the first counts.
    let isOver = false
    const over = (code: status, details: string): void => {
      if (isOver) return
      isOver = true
      client.close()
      if (!this.#isClosed) this.#ended(code, details)
    }
    call.on('error', (error: ServiceError) => over(error.code, error.details))
    call.on('end', () => over(status.OK, 'the agent ended the stream'))
  }

  #ended(code: status, details: string): void {
    const { timers, random, onEnd } = this.#options
    const end = endOf(code)
    onEnd(end, `${status[code]}: ${details.slice(0, 200)}`)
    if (end === 'stopped') return
    const pause = Math.min(MOST_PAUSE_MS, LEAST_PAUSE_MS * 2 ** this.#failures)
    this.#failures += 1
    // Half of it is chance: the workloads of a node whose agent restarts must not come all at once.
    this.#stopTimer = timers.after(pause * (0.5 + random() / 2), () => this.#open())
  }
}

function endOf(code: status): StreamEnd {
  if (code === status.PERMISSION_DENIED) return 'denied'
  const isFinal = code === status.INVALID_ARGUMENT || code === status.UNIMPLEMENTED
  return isFinal ? 'stopped' : 'lost'
}

function identity(bytes: Buffer): Buffer {
  return bytes
}
