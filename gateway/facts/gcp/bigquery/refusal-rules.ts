// Every rule by which a BigQuery request is refused before policy: its code, and a text that helps to
// mend the request. Both text and detail are about the agent's own message, so it may read them.

import { refusal, type Refusal } from '../../../errors.ts'
import { err, type Result } from '../../../util/result.ts'

interface Rule {
  readonly code: 'ERR_SG_OPERATION_UNKNOWN' | 'ERR_SG_OPERATION_AMBIGUOUS' | 'ERR_SG_REGION_REFUSED'
  readonly hint: string
}

const AMBIGUOUS = 'ERR_SG_OPERATION_AMBIGUOUS'

export const BIGQUERY_RULES = {
  'BQ-PATH': {
    code: AMBIGUOUS,
    hint: 'write the path as the REST reference does: no empty, dot or trailing segment, no encoded slash',
  },
  'BQ-BATCH': {
    code: AMBIGUOUS,
    hint: 'a batch applies one credential to every request in it; send each request by itself',
  },
  'BQ-UPLOAD': {
    code: AMBIGUOUS,
    hint: 'media uploads are not supported; load from Cloud Storage with jobs.insert',
  },
  'BQ-UNKNOWN': {
    code: 'ERR_SG_OPERATION_UNKNOWN',
    hint: 'no method of the BigQuery API v2 known to this gateway has this verb and path',
  },
  'BQ-NAME': {
    code: AMBIGUOUS,
    hint: 'name a project by its id, and datasets, tables, routines, models and jobs as BigQuery lets them be named, without partition or snapshot decorators',
  },
  'BQ-QUERY-CREDENTIAL': {
    code: AMBIGUOUS,
    hint: 'credentials, callbacks and upload protocols have no place in the query',
  },
  'BQ-QUERY-UNKNOWN': {
    code: AMBIGUOUS,
    hint: 'a query parameter is not part of this method as known to this gateway',
  },
  'BQ-QUERY-TWICE': { code: AMBIGUOUS, hint: 'a query parameter stands more than once' },
  'BQ-QUERY-VALUE': {
    code: AMBIGUOUS,
    hint: 'a query parameter has no value of the kind that the REST reference gives for it',
  },
  'BQ-LOCATION': {
    code: 'ERR_SG_REGION_REFUSED',
    hint: 'name a BigQuery location that the operator serves, such as EU or europe-west1',
  },
  'BQ-BODY-UNEXPECTED': { code: AMBIGUOUS, hint: 'this method takes no body' },
  'BQ-BODY': {
    code: AMBIGUOUS,
    hint: 'the body must be one JSON object in UTF-8, not compressed, without duplicate keys',
  },
  'BQ-FIELD': {
    code: AMBIGUOUS,
    hint: 'the body has a field that this gateway does not know, or does not pass on',
  },
  'BQ-VALUE': {
    code: AMBIGUOUS,
    hint: 'a field of the body has no value of the kind that the REST reference gives for it',
  },
  'BQ-JOB': {
    code: AMBIGUOUS,
    hint: 'a job has exactly one of query, load, copy and extract, and names what it works on',
  },
  'BQ-LEGACY': {
    code: AMBIGUOUS,
    hint: 'legacy SQL is not supported; set useLegacySql to false or leave it out, and write GoogleSQL',
  },
  'BQ-STATEMENT': {
    code: AMBIGUOUS,
    hint: 'BigQuery reads another statement in the text than one query',
  },
} as const satisfies Record<string, Rule>

export type BigQueryRule = keyof typeof BIGQUERY_RULES
export type BigQueryRefusal = Refusal<(typeof BIGQUERY_RULES)[BigQueryRule]['code']>

export function refuseBigQuery(rule: BigQueryRule, found: string): Result<never, BigQueryRefusal> {
  const { code, hint } = BIGQUERY_RULES[rule]
  return err(refusal(code, `${found}; ${hint}`, rule))
}
