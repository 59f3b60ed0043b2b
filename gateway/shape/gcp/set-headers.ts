// The obligation `set_headers` on a Google request: only the project that the quota and the bill are
// counted on. A header that BigQuery would ignore is none that a condition could rest on.

import { refusal, type Refusal } from '../../errors.ts'
import { IS_NAME } from '../../facts/gcp/bigquery/names.ts'
import type { HeaderLine } from '../../request/message.ts'

const USER_PROJECT = 'x-goog-user-project'

type Unsupported = Refusal<'ERR_SG_OBLIGATION_UNSUPPORTED'>

/** @returns why the headers cannot be set; undefined: they can */
export function checkGoogleHeaders(setHeaders: Iterable<HeaderLine>): Unsupported | undefined {
  for (const [name, value] of setHeaders) {
    if (name !== USER_PROJECT) return unsupported(`BigQuery takes no ${name}`, 'SH-3')
    if (!IS_NAME.projectId(value))
      return unsupported(`the value of ${name} has no such form`, 'SH-2')
  }
  return undefined
}

function unsupported(detail: string, rule: string): Unsupported {
  return refusal('ERR_SG_OBLIGATION_UNSUPPORTED', `set_headers: ${detail}`, rule)
}
