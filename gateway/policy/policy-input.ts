// The one document that policy judges and that the decision record keeps: canonical JSON
// (RFC 8785) written once by `policy/input.ts`; the record and the engine get the same bytes.

declare const brand: unique symbol

export interface PolicyInput {
  readonly [brand]: 'PolicyInput'
  /** Canonical JSON text. */
  readonly text: string
  /** The request's instant as the text holds it: digits, nanoseconds since the Unix epoch. */
  readonly nowNs: string
  /** Canonical JSON of the facts, from the same pieces: what the record says beside the input. */
  readonly factsText: string
}

export function makePolicyInput(text: string, nowNs: string, factsText: string): PolicyInput {
  return Object.freeze({ text, nowNs, factsText }) as PolicyInput
}
