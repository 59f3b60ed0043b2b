// The error object of Google's JSON APIs (google.rpc.Status over HTTP, and the older `errors` list
// beside it, which BigQuery's clients read). Measured on @google-cloud/bigquery and on
// google-cloud-bigquery for Python: both show `message` in full, and both try again by
// `errors[0].reason` as well as by status, so a denial must have neither that they count as passing.
//
// No `details`: Python keeps google.rpc.ErrorInfo as a plain dict over REST, so that reading
// `exc.reason` fails, and appends the whole list to the message.

import type { RefusalText, WrittenRefusal } from '../refusal-answer.ts'

/** google.rpc.Code by HTTP status (google/rpc/code.proto, "HTTP Mapping"). */
const STATUSES: ReadonlyMap<number, string> = new Map([
  [400, 'INVALID_ARGUMENT'],
  [403, 'PERMISSION_DENIED'],
  [405, 'UNIMPLEMENTED'],
  [408, 'DEADLINE_EXCEEDED'],
  [429, 'RESOURCE_EXHAUSTED'],
  [500, 'INTERNAL'],
  [501, 'UNIMPLEMENTED'],
  [502, 'UNAVAILABLE'],
  [503, 'UNAVAILABLE'],
  [504, 'DEADLINE_EXCEEDED'],
])

export function writeGoogle({ status, name, message }: RefusalText): WrittenRefusal {
  const body = {
    error: {
      code: status,
      message,
      errors: [{ message, domain: 'global', reason: name }],
      status: STATUSES.get(status) ?? 'INVALID_ARGUMENT',
    },
  }
  return {
    contentType: 'application/json; charset=UTF-8',
    headers: [],
    body: Buffer.from(JSON.stringify(body), 'utf8'),
  }
}
