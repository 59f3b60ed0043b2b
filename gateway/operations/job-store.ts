// Jobs that cannot carry a tag, or whose agent goes on using its own name for them: per agent, the
// ids that the cloud gave out, and the agent's ids with what they became. Only what the cloud itself
// has confirmed is ever put in (`job-ledger.ts`).
//
// Bounded per agent and in all, and never at the expense of whoever keeps within a fair share: what
// is dropped is the oldest of the agent that holds the most. There is no timer: what is too old is
// not found, and is removed by what comes after it.

import type { Clock } from '../util/clock.ts'

export interface JobStoreLimits {
  /** Ids of one agent. */
  readonly perAgent: number
  /** Ids in all. */
  readonly inAll: number
  /** ms */
  readonly keptFor: number
}

/**
 * Some 400 bytes an id. BigQuery keeps a query's results for about 24 hours ("Using cached query
 * results"), and nobody follows a query that is older.
 */
export const JOB_STORE_LIMITS: JobStoreLimits = {
  perAgent: 4096,
  inAll: 131_072,
  keptFor: 24 * 60 * 60 * 1000,
}

interface Entry {
  /** As the cloud knows it. */
  readonly jobId: string
  /** ms since the epoch */
  readonly until: number
}

/** Oldest first: a Map keeps the order of insertion. */
type AgentJobs = Map<string, Entry>

export class JobStore {
  readonly #clock: Clock
  readonly #limits: JobStoreLimits
  readonly #agents = new Map<string, AgentJobs>()
  #size = 0

  constructor(clock: Clock, limits: JobStoreLimits = JOB_STORE_LIMITS) {
    this.#clock = clock
    this.#limits = limits
  }

  /** Ids that are kept, those that are too old but not yet removed included. */
  get size(): number {
    return this.#size
  }

  /** The cloud's id of the job that `agent` calls `name`; undefined: none of its own. */
  find(agent: string, project: string, name: string): string | undefined {
    const entry = this.#agents.get(agent)?.get(keyOf(project, name))
    return entry !== undefined && entry.until > this.#clock.now() ? entry.jobId : undefined
  }

  keep(agent: string, project: string, name: string, jobId: string): void {
    const jobs = this.#agents.get(agent) ?? new Map<string, Entry>()
    this.#agents.set(agent, jobs)
    const key = keyOf(project, name)
    this.#remove(jobs, key)
    this.#removeOld(jobs)
    if (jobs.size >= this.#limits.perAgent) this.#removeOldest(jobs, 1)
    jobs.set(key, { jobId, until: this.#clock.now() + this.#limits.keptFor })
    this.#size += 1
    if (this.#size > this.#limits.inAll) this.#makeRoom()
  }

  #remove(jobs: AgentJobs, key: string): void {
    if (jobs.delete(key)) this.#size -= 1
  }

  #removeOld(jobs: AgentJobs): void {
    const now = this.#clock.now()
    for (const [key, { until }] of jobs) {
      if (until > now) return
      this.#remove(jobs, key)
    }
  }

  #removeOldest(jobs: AgentJobs, count: number): void {
    let left = count
    for (const key of jobs.keys()) {
      if (left === 0) return
      this.#remove(jobs, key)
      left -= 1
    }
  }

  /** A quarter of the largest at once: the look through all agents is rare. */
  #makeRoom(): void {
    let largest: AgentJobs | undefined
    for (const [agent, jobs] of this.#agents) {
      this.#removeOld(jobs)
      if (jobs.size === 0) this.#agents.delete(agent)
      else if (largest === undefined || jobs.size > largest.size) largest = jobs
    }
    if (largest === undefined || this.#size <= this.#limits.inAll) return
    this.#removeOldest(largest, Math.ceil(largest.size / 4))
  }
}

/** Length-safe: no two pairs are the same text. */
function keyOf(project: string, name: string): string {
  return `${project.length}:${project}${name}`
}
