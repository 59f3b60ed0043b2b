// The measurements themselves. CPU is user and system time of the server's process, read from within
// it before and after a fixed number of requests; nothing here is wall time, so that a busy machine
// disturbs it little.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Server, runLoad } from './children.ts'
import type { LoadOrder } from './load.ts'
import type { BenchSetup } from './setup.ts'

export interface Contender {
  readonly name: 'passThrough' | 'gateway' | 'bare'
  /** Compiled, beside this file. */
  readonly script: string
}

export interface Sizes {
  readonly rounds: number
  readonly requests: number
  readonly warmUp: number
  readonly connections: number
  readonly newConnections: number
  readonly uploadBytes: number
  readonly manyUploads: number
  readonly manyUploadBytes: number
  readonly memoryRounds: number
}

export interface Series {
  readonly median: number
  readonly min: number
  readonly max: number
  readonly values: readonly number[]
}

const POLL_MS = 25

export class Bench {
  readonly #setup: BenchSetup
  readonly #setupFile: string
  readonly #sizes: Sizes

  constructor(setup: BenchSetup, sizes: Sizes) {
    this.#setup = setup
    this.#sizes = sizes
    this.#setupFile = join(setup.directory, 'setup.json')
    writeFileSync(this.#setupFile, JSON.stringify(setup))
  }

  async start(contender: Contender, nodeOptions: readonly string[] = []): Promise<Server> {
    return Server.start(contender.script, this.#setupFile, nodeOptions)
  }

  /** CPU microseconds a request: 1 KiB GETs over kept-alive connections. */
  async cpuPerRequest(server: Server): Promise<number> {
    const { connections, requests, warmUp } = this.#sizes
    return this.#cpu(server, { kind: 'get', connections, requests, warmUp, bytes: 0 })
  }

  /** CPU microseconds a query of BigQuery whose dry run is known. */
  async cpuPerQuery(server: Server): Promise<number> {
    const { connections, requests, warmUp } = this.#sizes
    return this.#cpu(server, { kind: 'query', connections, requests, warmUp, bytes: 0 })
  }

  /** CPU microseconds a new connection: mTLS handshake, one GET, end. */
  async cpuPerConnection(server: Server): Promise<number> {
    const requests = this.#sizes.newConnections
    return this.#cpu(server, { kind: 'connect', connections: 4, requests, warmUp: 100, bytes: 0 })
  }

  /** Growth of resident memory, in bytes, while uploads run: highest during less before. */
  async memoryGrowth(contender: Contender, uploads: number, bytes: number): Promise<number> {
    const server = await this.start(contender)
    let before = 0
    let highest = 0
    const timer = setInterval(() => {
      void server.usage().then(({ residentBytes }) => {
        highest = Math.max(highest, residentBytes)
      })
    }, POLL_MS)
    try {
      const order = {
        kind: 'put',
        connections: uploads,
        requests: uploads,
        warmUp: 500,
        bytes,
      } as const
      await runLoad(this.#order(server, order), async () => {
        before = (await server.usage()).residentBytes
        highest = before
      })
      return Math.max(highest, (await server.usage()).residentBytes) - before
    } finally {
      clearInterval(timer)
      await server.stop()
    }
  }

  async #cpu(server: Server, order: Shape): Promise<number> {
    let before = 0
    const { requests } = await runLoad(this.#order(server, order), async () => {
      before = (await server.usage()).cpuMicroseconds
    })
    return ((await server.usage()).cpuMicroseconds - before) / requests
  }

  #order({ ready }: Server, shape: Shape): LoadOrder {
    const { serverCa, agent } = this.#setup
    return {
      ...shape,
      ...(shape.kind === 'query' ? (ready.query ?? ready) : ready),
      port: ready.port,
      ca: serverCa,
      cert: agent.cert,
      key: agent.key,
    }
  }
}

type Shape = Pick<LoadOrder, 'kind' | 'connections' | 'requests' | 'warmUp' | 'bytes'>

export function seriesOf(values: readonly number[]): Series {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? NaN
  const lower = sorted[sorted.length % 2 === 0 ? middle - 1 : middle] ?? NaN
  return {
    median: (upper + lower) / 2,
    min: sorted[0] ?? NaN,
    max: sorted.at(-1) ?? NaN,
    values,
  }
}
