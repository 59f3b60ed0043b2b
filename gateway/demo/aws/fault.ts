// A refusal of the sandbox cloud, as data: the status and code that the real service documents,
// with its message. Written as XML by the service that refuses.

export interface AwsFault {
  readonly status: number
  readonly code: string
  readonly message: string
  /** Further elements of the error document, in order. */
  readonly details: readonly (readonly [name: string, text: string])[]
}

export function fault(
  status: number,
  code: string,
  message: string,
  details: AwsFault['details'] = [],
): AwsFault {
  return { status, code, message, details }
}
