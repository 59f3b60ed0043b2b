// Which job BigQuery has begun, from its answers to the two calls that begin one (REST `jobs.insert`,
// `jobs.query`). Learned before the agent can read it, so that no follow-up comes too early.

import type { HeaderLine } from '../../../request/message.ts'
import type { AnsweredRequest, AnswerReader, JobListener } from '../answer-reader.ts'
import { JobReferenceScanner, type JobReference } from './job-reference.ts'

export function begunJobReader({ facts, body, jobs }: AnsweredRequest): AnswerReader | undefined {
  const { action, account } = facts
  if (account === undefined) return undefined
  if (action === 'jobs.query') return new BegunJobReader(account, jobs, undefined)
  return action === 'jobs.insert' ? new BegunJobReader(account, jobs, body) : undefined
}

class BegunJobReader implements AnswerReader {
  readonly #project: string
  readonly #jobs: JobListener
  /** What was sent, where it names the job: of `jobs.insert`. */
  readonly #sent: Buffer | undefined
  readonly #scanner = new JobReferenceScanner()

  constructor(project: string, jobs: JobListener, sent: Buffer | undefined) {
    this.#project = project
    this.#jobs = jobs
    this.#sent = sent
  }

  onHead(status: number, headers: readonly HeaderLine[]): boolean {
    if (status === 409) this.#learnExisting()
    return status === 200 && isPlainJson(headers)
  }

  onData(chunk: Buffer): boolean {
    const found = this.#scanner.read(chunk)
    if (found !== undefined && this.#isAskedFor(found)) {
      this.#jobs.began(this.#project, found.jobId)
    }
    return !this.#scanner.isDone
  }

  /** A job of another project, or with another id than the one that was sent, is not. */
  #isAskedFor({ projectId, jobId }: JobReference): boolean {
    if ((projectId ?? this.#project) !== this.#project) return false
    return this.#sent === undefined || new JobReferenceScanner().read(this.#sent)?.jobId === jobId
  }

  /** The answer does not name the job in a form that could be relied on; what was sent does. */
  #learnExisting(): void {
    if (this.#sent === undefined) return
    const sent = new JobReferenceScanner().read(this.#sent)
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
