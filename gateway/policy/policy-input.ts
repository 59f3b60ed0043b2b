// The one document that policy judges and that the decision record keeps: canonical JSON
// (RFC 8785) written once by `policy/input.ts`; the record and the engine get the same bytes.

declare const brand: unique symbol

export interface PolicyInput {
  readonly [brand]: 'PolicyInput'
  /** Canonical JSON text. */
  readonly text: string
  /** JSON text of those parts that the policy can refer to: what the engine is given. */
  readonly judged: string
  /** The request's instant as the text holds it: digits, nanoseconds since the Unix epoch. */
  readonly nowNs: string
  /** Canonical JSON of the facts, from the same pieces: what the record says beside the input. */
  readonly factsText: string
}

export type PolicyInputFields = Omit<PolicyInput, typeof brand>

export function makePolicyInput(fields: PolicyInputFields): PolicyInput {
  return Object.freeze(fields) as PolicyInput
}
