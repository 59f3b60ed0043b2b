// What the gateway has to learn from an answer while it passes by. A reader sees every piece before
// the agent does and changes none; which operations have one stands in `answer-readers.ts`.

import type { Facts } from '../../facts/facts.ts'
import type { HeaderLine } from '../../request/message.ts'

export interface AnswerReader {
  /** False: there is nothing to be learned from the body. */
  onHead(status: number, headers: readonly HeaderLine[]): boolean
  /** False: nothing more is to be learned. */
  onData(chunk: Buffer): boolean
}

/** Told what the cloud says of jobs, for the one agent that asked. */
export interface JobListener {
  /** The cloud has begun this job. */
  began(project: string, jobId: string): void
  /** The cloud refused to begin this one, because it has one of that name. */
  existed(project: string, jobId: string): void
}

export interface AnsweredRequest {
  readonly facts: Facts
  /** The body that was sent, where it was not the client's stream. */
  readonly body: Buffer | undefined
  readonly jobs: JobListener
}

/** Undefined: the operation's answer teaches nothing. */
export type AnswerReaderMaker = (request: AnsweredRequest) => AnswerReader | undefined
