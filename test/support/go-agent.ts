// An agent by SPIFFE's own library (test/real/go/agent): its SVID from a Workload API, renewed by
// itself, its TLS from go-spiffe.

import { startLineProgram } from './line-program.ts'
import { toolPath } from './tools.ts'

export interface GoAgentOptions {
  /** Of the Workload API. */
  readonly endpoint: string
  /** Of the gateway's S3. */
  readonly url: string
  /** Whom it takes for the gateway: a SPIFFE ID, or whoever a CA of a file names. */
  readonly server: { readonly id: string } | { readonly caFile: string }
  /** A copy of the program; default: the program. */
  readonly program?: string
}

export interface Answer {
  /** 0 without an answer. */
  readonly status: number
  readonly body: string
  readonly error?: string
}

export interface Tally {
  readonly sent: number
  readonly failed: number
  /** The first of them. */
  readonly failures: readonly string[]
  /** Hexadecimal, of the SVIDs with which a request was answered. */
  readonly serials: readonly string[]
}

export interface GoAgent {
  readonly id: string
  /** Hexadecimal, of its first SVID. */
  readonly serial: string
  /** On a connection of its own. */
  send(method: string, path: string, body?: string): Promise<Answer>
  startLoad(workers: number): Promise<void>
  count(): Promise<Tally>
  stopLoad(): Promise<Tally>
  close(): Promise<void>
}

export const GO_AGENT = toolPath('go-spiffe', 'agent')

/** Rejects where the Workload API has no identity for it after half a minute. */
export async function startGoAgent(options: GoAgentOptions): Promise<GoAgent> {
  const { endpoint, url, server, program = GO_AGENT } = options
  const whom = 'id' in server ? ['gateway-id', server.id] : ['web-ca', server.caFile]
  const agent = await startLineProgram<{ id: string; serial: string }>([
    program,
    endpoint,
    url,
    ...whom,
  ])
  return {
    ...agent.first,
    send: (method, path, body = '') => agent.ask<Answer>(`send ${method} ${path} ${body}`),
    startLoad: async (workers) => {
      await agent.ask(`load ${workers}`)
    },
    count: () => agent.ask<Tally>('count'),
    stopLoad: () => agent.ask<Tally>('stop'),
    close: () => agent.close(),
  }
}
