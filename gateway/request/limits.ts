// Limits of the message itself; every one is listed with its reason in docs/DEFAULTS.md.

export interface RequestLimits {
  /** Header lines in one request. Above it Node 20 would truncate in silence (trust.md §1.5). */
  readonly maxHeaderLines: number
  /** Bytes of the request target. */
  readonly maxTargetBytes: number
}

export const REQUEST_LIMITS: RequestLimits = { maxHeaderLines: 100, maxTargetBytes: 8 * 1024 }
