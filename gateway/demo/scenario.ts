// The whole scenario: crew `data-crew` of tenant `acme` on both clouds. On S3 the writer writes; on
// BigQuery the researcher reads; neither may do what the other does.

import { BIGQUERY_STEPS } from './scenario-bigquery.ts'
import { S3_STEPS } from './scenario-s3.ts'
import type { Step } from './step.ts'

export const SCENARIO: readonly Step[] = [...S3_STEPS, ...BIGQUERY_STEPS]
