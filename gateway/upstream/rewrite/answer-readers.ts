// Every service whose answers teach something. A new one is a line here.

import type { AnswerReaderMaker } from './answer-reader.ts'
import { begunJobReader } from './gcp/begun-jobs.ts'

/** By `Route.service`. */
export const ANSWER_READERS: ReadonlyMap<string, AnswerReaderMaker> = new Map([
  ['gcp_bigquery', begunJobReader],
])
