// Limits of the message itself; every one is listed with its reason in docs/DEFAULTS.md.

export interface RequestLimits {
  /** Bytes of target, header names and values together, from which on Node's parser refuses. */
  readonly maxHeaderBytes: number
  /**
   * Header lines in one request. Above it Node 20 would truncate in silence (docs/decisions/0007).
   */
  readonly maxHeaderLines: number
  /** Bytes of the request target. */
  readonly maxTargetBytes: number
}

export const REQUEST_LIMITS: RequestLimits = {
  maxHeaderBytes: 16 * 1024,
  maxHeaderLines: 100,
  maxTargetBytes: 8 * 1024,
}
