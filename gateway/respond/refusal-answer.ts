// What a refusal looks like from outside, before a dialect writes it.

import type { Code } from '../errors.ts'
import type { HeaderLine } from '../request/message.ts'

export interface RefusalContext {
  readonly code: Code
  readonly decisionId: string
  readonly role: string | undefined
  /** `s3.PutObject`; undefined before there are facts. */
  readonly operation: string | undefined
  /** The resource as the agent itself sent it. */
  readonly resource: string | undefined
  readonly reasons: readonly string[]
  readonly alternatives: readonly string[]
  /** A constant text of ours that helps to mend the request; never inner errors or policy text. */
  readonly hint?: string
  readonly isHead: boolean
  /** ms since the epoch, for the Date header */
  readonly now: number
}

export interface RefusalAnswer {
  readonly status: number
  readonly headers: readonly HeaderLine[]
  readonly body: Buffer
}
