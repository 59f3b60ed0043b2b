// The agents that speak to BigQuery, each in a thread of its own that lives as long as the demo.

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { memberOf } from './agent-access.ts'
import type { AgentAccess, SdkError } from './agent-access.ts'
import type { BigQueryCall } from './google-sdk.ts'

const DEADLINE_MS = 20_000

export interface AgentThread {
  readonly access: AgentAccess
  readonly projectId: string
}

export interface AgentTask {
  readonly id: number
  readonly call: BigQueryCall
}

export type BigQueryOutcome =
  | { readonly rows: number; readonly error: undefined }
  | { readonly rows: undefined; readonly error: SdkError }

export class GoogleAgents {
  readonly #projectId: string
  readonly #threads = new Map<string, Worker>()
  /** Of threads that could not even load the SDK. */
  readonly #failures = new Map<string, unknown>()
  #tasks = 0

  constructor(projectId: string) {
    this.#projectId = projectId
  }

  /** Starts the agent's thread where it does not run yet. */
  start(agent: string, access: AgentAccess): Worker {
    const running = this.#threads.get(agent)
    if (running !== undefined) return running
    const thread = new Worker(new URL('google-agent.js', import.meta.url), {
      workerData: { access, projectId: this.#projectId } satisfies AgentThread,
    })
    thread.on('error', (error: unknown) => this.#failures.set(agent, error))
    this.#threads.set(agent, thread)
    return thread
  }

  async call(agent: string, access: AgentAccess, call: BigQueryCall): Promise<BigQueryOutcome> {
    const thread = this.start(agent, access)
    const failure = this.#failures.get(agent)
    if (failure !== undefined) throw new Error(`the thread of ${agent} ended`, { cause: failure })
    this.#tasks += 1
    const answered = once(thread, 'message', { signal: AbortSignal.timeout(DEADLINE_MS) })
    thread.postMessage({ id: this.#tasks, call } satisfies AgentTask, [])
    const messages: readonly unknown[] = await answered
    const [answer] = messages
    if (memberOf(answer, 'id') !== this.#tasks) throw new TypeError('an answer to another call')
    const rows = memberOf(answer, 'rows')
    return typeof rows === 'number'
      ? { rows, error: undefined }
      : { rows: undefined, error: memberOf(answer, 'error') as SdkError }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#threads.values()].map((thread) => thread.terminate()))
  }
}
