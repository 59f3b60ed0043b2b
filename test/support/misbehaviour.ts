// What the demo's stand-in gateway can be told to do wrong, so that a test sees whether the demo
// notices.

export interface Misbehaviour {
  /** Lets the writer read. */
  readonly allowsReads?: boolean
  /** Lets everything pass to the cloud before it refuses. */
  readonly asksFirst?: boolean
  /** Takes any client certificate. */
  readonly trustsAnyone?: boolean
  /** Writes no records. */
  readonly recordsNothing?: boolean
  /** Judges SQL texts, and runs them whatever the verdict. */
  readonly runsAnySql?: boolean
  /** Shows Google's token to S3. */
  readonly straysToken?: boolean
}
