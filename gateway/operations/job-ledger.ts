// Whose a BigQuery job is (docs/POLICY.md `own`): an agent's own are those whose id carries its tag, and
// those that the cloud has said it began for it. Everything else is somebody else's, or nobody's.

import type { JobOwnership } from '../facts/job-ownership.ts'
import type { JobKeys } from './job-keys.ts'
import type { JobStore } from './job-store.ts'
import { hasTag, tagged, untagged, type JobOwner } from './job-tag.ts'

export class JobLedger {
  readonly #keys: JobKeys
  readonly #store: JobStore

  /** @param store outlives the keys: it is kept when they are read again */
  constructor(keys: JobKeys, store: JobStore) {
    this.#keys = keys
    this.#store = store
  }

  of(owner: JobOwner): AgentJobs {
    return new AgentJobs(this.#keys, this.#store, owner)
  }
}

/** The jobs of one agent. */
export class AgentJobs implements JobOwnership {
  readonly #keys: JobKeys
  readonly #store: JobStore
  readonly #owner: JobOwner
  /** Facts, and the facts of what was shaped, ask for the same id. */
  #last: { project: string; jobId: string; name: string | undefined } | undefined

  constructor(keys: JobKeys, store: JobStore, owner: JobOwner) {
    this.#keys = keys
    this.#store = store
    this.#owner = owner
  }

  resolve(project: string, jobId: string): { readonly jobId: string; readonly own: boolean } {
    if (this.#untagged(project, jobId) !== undefined) return { jobId, own: true }
    const known = this.#store.find(this.#owner.spiffeId, project, jobId)
    if (known === undefined) return { jobId, own: false }
    // A name lives no longer than the tag of what it stands for: its key may be gone.
    const isOwn = known === jobId || this.#untagged(project, known) !== undefined
    return isOwn ? { jobId: known, own: true } : { jobId, own: false }
  }

  /** Once only: what was shaped is looked at again, and an agent may repeat an id that it was given. */
  stamp(project: string, jobId: string): string {
    if (this.#untagged(project, jobId) !== undefined) return jobId
    return tagged(this.#keys, this.#owner, project, jobId)
  }

  /** The cloud has begun a job for this agent: said by its answer, never by the request alone. */
  began(project: string, jobId: string): void {
    const name = this.#untagged(project, jobId)
    // With a tag that is not this agent's it is another's, whoever says otherwise.
    if (name === undefined && hasTag(jobId)) return
    this.#store.keep(this.#owner.spiffeId, project, name ?? jobId, jobId)
  }

  /**
   * The cloud refused to begin a job because there is one of this id. With the agent's tag it is its
   * own, begun by a request whose answer was lost, and SDKs then ask for it by the name that they
   * gave it. Without the tag it can be anybody's.
   */
  existed(project: string, jobId: string): void {
    const name = this.#untagged(project, jobId)
    if (name !== undefined) this.#store.keep(this.#owner.spiffeId, project, name, jobId)
  }

  #untagged(project: string, jobId: string): string | undefined {
    const last = this.#last
    if (last?.jobId === jobId && last.project === project) return last.name
    const name = untagged(this.#keys, this.#owner, project, jobId)
    this.#last = { project, jobId, name }
    return name
  }
}
