// Which job BigQuery has begun, from its answers to the two calls that begin one (REST `jobs.insert`,
// `jobs.query`). Learned before the agent can read it, so that no follow-up comes too early.

import type { HeaderLine } from '../../../request/message.ts'
import type { AnsweredRequest, AnswerReader, JobListener } from '../answer-reader.ts'
import { JobReferenceScanner } from './job-reference.ts'

export function begunJobReader({ facts, body, jobs }: AnsweredRequest): AnswerReader | undefined {
  const { action, account } = facts
  if (account === undefined) return undefined
  if (action === 'jobs.query') return new BegunJobReader(account, jobs, undefined)
  return action === 'jobs.insert' ? new BegunJobReader(account, jobs, body) : undefined
}

class BegunJobReader implements AnswerReader {
  readonly #project: string
  readonly #jobs: JobListener
  /** What was sent, where it names the job. */
  readonly #body: Buffer | undefined
  readonly #scanner = new JobReferenceScanner()

  constructor(project: string, jobs: JobListener, body: Buffer | undefined) {
    this.#project = project
    this.#jobs = jobs
    this.#body = body
  }

  onHead(status: number, headers: readonly HeaderLine[]): boolean {
    if (status === 409) this.#learnExisting()
    return status === 200 && isPlainJson(headers)
  }

  onData(chunk: Buffer): boolean {
    const found = this.#scanner.read(chunk)
    // A job of another project is not the one that was asked for.
    if (found !== undefined && (found.projectId ?? this.#project) === this.#project) {
      this.#jobs.began(this.#project, found.jobId)
    }
    return !this.#scanner.isDone
  }

  /** The answer does not name the job in a form that could be relied on; what was sent does. */
  #learnExisting(): void {
    if (this.#body === undefined) return
    const sent = new JobReferenceScanner().read(this.#body)
    if (sent !== undefined) this.#jobs.existed(this.#project, sent.jobId)
  }
}

/** What cannot be read as it stands teaches nothing: the follow-up is then refused. */
function isPlainJson(headers: readonly HeaderLine[]): boolean {
  let isJson = false
  for (const [name, value] of headers) {
    const lower = name.toLowerCase()
    if (lower === 'content-type') isJson = /^application\/json(?:\s*;|\s*$)/i.test(value)
    else if (lower === 'content-encoding' && value.toLowerCase() !== 'identity') return false
  }
  return isJson
}
