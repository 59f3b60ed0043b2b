/** What keeps the gateway from starting or reloading, and how to mend it. */
export interface StartProblem {
  readonly message: string
  readonly hint: string
}
