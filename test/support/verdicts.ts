// What the records say of one request: its decision and, behind it in the file, its outcome.

export type AuditRecord = Record<string, unknown>

export interface Verdict {
  readonly decisions: readonly AuditRecord[]
  readonly outcomes: readonly AuditRecord[]
  /** True: each decision stands before each outcome. */
  readonly isInOrder: boolean
}

export function verdictOf(records: readonly AuditRecord[], decisionId: string): Verdict {
  const own = records.filter((record) => record['decision_id'] === decisionId)
  const decisions = own.filter(({ type }) => type === 'decision')
  const outcomes = own.filter(({ type }) => type === 'outcome')
  return {
    decisions,
    outcomes,
    isInOrder: own.length > 0 && own.indexOf(outcomes[0] ?? {}) >= decisions.length,
  }
}

/** Every outcome has its decision, and every decision one outcome. */
export function unmatched(records: readonly AuditRecord[]): readonly unknown[] {
  const ids = new Set(
    records
      .filter(({ type }) => type === 'decision' || type === 'outcome')
      .map((record) => String(record['decision_id'])),
  )
  return [...ids].filter((id) => {
    const { decisions, outcomes, isInOrder } = verdictOf(records, id)
    return decisions.length !== 1 || outcomes.length !== 1 || !isInOrder
  })
}
