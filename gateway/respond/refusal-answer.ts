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
  /** The client sent `x-amzn-query-mode`: it wants the query protocol's error code as well. */
  readonly wantsQueryError?: boolean
  /** ms since the epoch, for the Date header */
  readonly now: number
}

export interface RefusalAnswer {
  readonly status: number
  readonly headers: readonly HeaderLine[]
  /** Empty for HEAD, whose Content-Length is that of the same answer to GET (RFC 9110 §8.6). */
  readonly body: Buffer
  /** True: the connection must end after this answer. */
  readonly closes: boolean
}

/** What each dialect writes from: already cleaned, capped and ready to be escaped. */
export interface RefusalText {
  readonly code: Code
  /** The error code in the dialect's own vocabulary. */
  readonly name: string
  readonly status: number
  readonly message: string
  readonly decisionId: string
  /** The query protocol's error code, where the client wants it beside its own. */
  readonly queryName: string | undefined
}

/** One dialect's body and the headers that only it has. */
export interface WrittenRefusal {
  readonly contentType: string
  readonly headers: readonly HeaderLine[]
  readonly body: Buffer
}
