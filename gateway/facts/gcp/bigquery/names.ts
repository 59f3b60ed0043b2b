// Names of BigQuery's resources, as its documentation lets them be named. A name that BigQuery would
// read as something else than itself is none: a project's number is a second name of the project, and
// a decorator (`orders$20261123`, `orders@-3600000`) a second name of the table, so that a rule about
// the one would not be about the other.

/** The path parameters of the discovery document. */
export type NameKind =
  'projectId' | 'datasetId' | 'tableId' | 'routineId' | 'modelId' | 'jobId' | 'policyId'

/** A project id, behind the domain that projects of an organisation once had. */
const PROJECT = /^(?:[a-z0-9][a-z0-9.-]{0,252}:)?[a-z][a-z0-9-]{0,62}$/
const IDENTIFIER = /^[A-Za-z0-9_]{1,1024}$/
/** Unicode categories L, M, N, Pc, Pd and Zs (REST reference, TableReference). */
const TABLE = /^[\p{L}\p{M}\p{N}\p{Pc}\p{Pd}\p{Zs}]+$/u
const JOB = /^[A-Za-z0-9_-]{1,1024}$/
const MAX_TABLE_BYTES = 1024

export const IS_NAME: Readonly<Record<NameKind, (text: string) => boolean>> = {
  projectId: (text) => PROJECT.test(text) && !text.endsWith('-'),
  datasetId: (text) => IDENTIFIER.test(text),
  tableId: (text) => TABLE.test(text) && Buffer.byteLength(text) <= MAX_TABLE_BYTES,
  routineId: (text) => IDENTIFIER.test(text),
  modelId: (text) => IDENTIFIER.test(text),
  jobId: (text) => JOB.test(text),
  policyId: (text) => IDENTIFIER.test(text),
}
