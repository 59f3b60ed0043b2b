// Facts that only an upstream call can give (docs/POLICY.md `needs`), once a look-up has answered.
// They stand beside the request in every derivation of facts, so that what was judged can be
// derived again from the shaped request with the same answers.

export interface TableReference {
  readonly project: string
  readonly dataset: string
  readonly table: string
}

export interface RoutineReference {
  readonly project: string
  readonly dataset: string
  readonly routine: string
}

/** `sql.dry_run`: what BigQuery says of a query that it does not run (REST `Job.statistics.query`). */
export interface DryRunAnswer {
  readonly statementType: string
  /** Sorted by full name, distinct. */
  readonly tables: readonly TableReference[]
  readonly routines: readonly RoutineReference[]
  /** `totalBytesProcessed`; an integer below 2^53. */
  readonly estimatedBytes: number
  /** False where the lists may be cut off (50 entries or more): the facts are then incomplete. */
  readonly isWhole: boolean
}

/** About how many bytes an answer takes in memory: for what keeps many. */
export function answerSize({ tables, routines }: DryRunAnswer): number {
  const named = tables.length + routines.length
  let characters = 0
  for (const { project, dataset, table } of tables) {
    characters += project.length + dataset.length + table.length
  }
  for (const { project, dataset, routine } of routines) {
    characters += project.length + dataset.length + routine.length
  }
  return 256 + 128 * named + 2 * characters
}

export interface LookupAnswers {
  readonly dryRun: DryRunAnswer | undefined
}
