// Why the sandbox does not carry out a text. Thrown inside the engine, where a parser would otherwise
// hand every refusal up through twenty functions, and turned into an answer at its one border.

/** Reasons of BigQuery's error table ("Error messages" in its documentation). */
export type SqlReason =
  | 'invalidQuery'
  | 'invalid'
  | 'notFound'
  | 'accessDenied'
  | 'duplicate'
  | 'bytesBilledLimitExceeded'
  | 'notImplemented'

export class SqlError extends Error {
  readonly reason: SqlReason

  constructor(reason: SqlReason, message: string) {
    super(message)
    this.name = 'SqlError'
    this.reason = reason
  }
}

export function invalidQuery(message: string): SqlError {
  return new SqlError('invalidQuery', message)
}

/** Valid GoogleSQL, which this small engine does not know: never guessed, never half done. */
export function notServed(what: string): SqlError {
  return new SqlError('notImplemented', `The sandbox does not serve ${what}`)
}
