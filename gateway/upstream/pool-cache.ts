// Connection pools keyed by (origin, identity): no two identities ever share a connection, so an
// answer that a hostile upstream puts on it too early can reach nobody else (Node CVE-2026-48931).

import { LRUCache } from 'lru-cache'
import { Pool } from 'undici'
import type { UpstreamTarget } from '../routing/route.ts'
import { guardedConnect, type ConnectOptions } from './guarded-connect.ts'

export interface PoolOptions {
  readonly connect: (target: UpstreamTarget) => ConnectOptions
  /** Asked for each new pool. */
  readonly connectionsPerPool: () => number
  readonly maxPools: number
  readonly headersTimeoutMs: number
  readonly bodyTimeoutMs: number
  readonly keepAliveTimeoutMs: number
}

export class PoolCache {
  readonly #options: PoolOptions
  readonly #pools: LRUCache<string, Pool>
  readonly #closing = new Set<Promise<void>>()

  constructor(options: PoolOptions) {
    this.#options = options
    this.#pools = new LRUCache<string, Pool>({
      max: options.maxPools,
      dispose: (pool) => this.#retire(pool),
    })
  }

  get(target: UpstreamTarget, identity: string): Pool {
    // A SPIFFE ID has no blank, so the key cannot be made to collide.
    const key = `${target.name} ${target.origin} ${identity}`
    const found = this.#pools.get(key)
    if (found !== undefined) return found
    const pool = new Pool(target.origin, {
      connect: guardedConnect(this.#options.connect(target)),
      connections: this.#options.connectionsPerPool(),
      pipelining: 1,
      allowH2: false,
      headersTimeout: this.#options.headersTimeoutMs,
      bodyTimeout: this.#options.bodyTimeoutMs,
      keepAliveTimeout: this.#options.keepAliveTimeoutMs,
    })
    this.#pools.set(key, pool)
    return pool
  }

  retireAll(): void {
    this.#pools.clear()
  }

  async close(): Promise<void> {
    this.#pools.clear()
    await Promise.all(this.#closing)
  }

  /** What runs on it ends first. */
  #retire(pool: Pool): void {
    const closing = pool.close().catch(() => pool.destroy())
    this.#closing.add(closing)
    void closing.finally(() => this.#closing.delete(closing))
  }
}
