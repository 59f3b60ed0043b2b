// The outbound port of token exchanges: one POST, its whole answer within limits, through the egress
// guard. No redirect is followed: a token must never travel to a host that an answer names
// (Pomerium POM-01-001).

import { Pool } from 'undici'
import type { HttpPost } from '../credential/outbound.ts'
import { guardedConnect, type ConnectOptions } from './guarded-connect.ts'
import { askWhole } from './whole-answer.ts'

export interface PostOptions {
  /** How an origin is dialled: guard, certificate authorities. */
  readonly connect: (origin: string) => ConnectOptions
}

export interface PostClient {
  readonly post: HttpPost
  /** New connections are made by what is configured now; what runs ends on the old ones. */
  renew(): void
  close(): Promise<void>
}

export function createPostClient(options: PostOptions): PostClient {
  // Origins come from the configuration, so their number is bounded by it.
  const pools = new Map<string, Pool>()
  const retired = new Set<Pool>()
  const poolOf = (origin: string): Pool => {
    const found = pools.get(origin)
    if (found !== undefined) return found
    const pool = new Pool(origin, {
      connect: guardedConnect(options.connect(origin)),
      connections: 8,
      pipelining: 1,
      allowH2: false,
    })
    pools.set(origin, pool)
    return pool
  }
  return {
    post: (origin, path, headers, body, limits) =>
      askWhole(poolOf(origin), { method: 'POST', path, headers, body }, limits),
    renew: () => {
      for (const pool of pools.values()) {
        retired.add(pool)
        const forget = (): void => void retired.delete(pool)
        pool.close().then(forget, forget)
      }
      pools.clear()
    },
    close: async () => {
      await Promise.all([...pools.values(), ...retired].map((pool) => pool.destroy()))
    },
  }
}
