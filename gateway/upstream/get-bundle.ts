// Fetches a partner's trust bundle: one GET on a connection of its own, through the egress guard. A
// new connection each time, so that each fetch is answered by a server that has just proved itself.

import { Pool } from 'undici'
import type { TLSSocket } from 'node:tls'
import type { FetchBundle, ServerCheck } from '../spiffe/federation/fetch-port.ts'
import { err, ok } from '../util/result.ts'
import { guardedConnect, type ConnectOptions } from './guarded-connect.ts'
import { askWhole } from './whole-answer.ts'

export interface BundleFetcherOptions {
  /** How an address is dialled now, without what `ServerCheck` says. */
  readonly connect: () => Omit<ConnectOptions, 'ca' | 'judge'>
  /** The chain that a server presented: DER, leaf first. */
  readonly chainOf: (socket: TLSSocket) => readonly Buffer[]
}

export function createBundleFetcher({ connect, chainOf }: BundleFetcherOptions): FetchBundle {
  return async ({ origin, path, server, deadlineMs, maxBytes }) => {
    let refused: string | undefined
    const judge = judgeOf(server, chainOf, (why) => {
      refused = why
    })
    const ca = server.kind === 'web' ? server.ca : undefined
    const pool = new Pool(origin, {
      connect: guardedConnect({ ...connect(), ca, ...(judge === undefined ? {} : { judge }) }),
      connections: 1,
      pipelining: 1,
      allowH2: false,
    })
    try {
      const headers = [['accept', 'application/json']] as const
      const request = { method: 'GET', path, headers, body: null } as const
      const answer = await askWhole(pool, request, { deadlineMs, maxBytes })
      if (answer.ok) return ok({ status: answer.value.status, body: answer.value.body })
      return err(refused ?? answer.error.detail)
    } finally {
      await pool.destroy()
    }
  }
}

function judgeOf(
  server: ServerCheck,
  chainOf: (socket: TLSSocket) => readonly Buffer[],
  tell: (why: string) => void,
): ((socket: TLSSocket) => string | undefined) | undefined {
  if (server.kind === 'web') return undefined
  return (socket) => {
    const problem = server.problem(chainOf(socket))
    if (problem !== undefined) tell(problem)
    return problem
  }
}
