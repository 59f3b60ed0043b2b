// What no request to a Google API may carry, whatever its operation: a second proof of identity,
// which the API might prefer to ours, and standard parameters that change who pays, who is asked or
// what the answer is (Google APIs, "Standard query parameters"; RFC 6750 §2.2 and §2.3). Names are
// already decoded once, so that no spelling of a name hides it. Refused, not dropped: whoever sends
// one means something by it that would not happen.

import { refusal, type Refusal } from '../../errors.ts'
import { headerValue, type QueryParameter } from '../../request/gateway-request.ts'
import type { RequestView } from '../request-view.ts'

/** Lower case: Google's front ends take some of them in any. */
const CREDENTIALS: ReadonlySet<string> = new Set([
  'access_token',
  'bearer_token',
  'key',
  'oauth_token',
])
const MEANING: ReadonlySet<string> = new Set([
  '$.xgafv',
  '$callback',
  '$unique',
  '$userproject',
  'callback',
  'quotauser',
  'userip',
  'userproject',
])
/** Each makes one request of many, or another method of this one. */
const METHODS: ReadonlySet<string> = new Set(['$httpmethod', 'x-http-method-override'])

const PARAMETER = /^[$A-Za-z0-9][A-Za-z0-9_.$-]{0,63}$/

const HEADERS: ReadonlySet<string> = new Set([
  'x-goog-api-key',
  'x-goog-iam-authority-selector',
  'x-goog-iam-authorization-token',
])
const IDENTITY_HEADERS = 'x-goog-authenticated-user-'

/** @returns the first rule that refuses; undefined: nothing of the kind */
export function googleHygieneFault({ query, headers }: RequestView): Refusal | undefined {
  for (const { name } of query) {
    const fault = parameterFault(name)
    if (fault !== undefined) return fault
  }
  const twice = repeated(query)
  if (twice !== undefined) return ambiguous('a query parameter stands twice', 'GX-4')
  for (const name of headers.keys()) {
    if (!name.startsWith('x-goog-')) continue
    if (HEADERS.has(name) || name.startsWith(IDENTITY_HEADERS)) {
      return unsupported(
        `${name} is a credential of its own; send none, the gateway adds it`,
        'GX-5',
      )
    }
  }
  const type = headerValue(headers, 'content-type')?.toLowerCase() ?? ''
  if (type.startsWith('application/x-www-form-urlencoded')) {
    return unsupported('a form can hold a credential; send JSON', 'GX-6')
  }
  return undefined
}

function parameterFault(name: string): Refusal | undefined {
  if (!PARAMETER.test(name)) {
    return refusal(
      'ERR_SG_REQUEST_TARGET',
      'a query parameter has no name of Google’s APIs',
      'GX-1',
    )
  }
  const lower = name.toLowerCase()
  if (CREDENTIALS.has(lower)) {
    return unsupported(
      `the query parameter ${lower} is a credential; send none, the gateway adds it`,
      'GX-2',
    )
  }
  if (MEANING.has(lower) || METHODS.has(lower)) {
    return unsupported(`the query parameter ${lower} is not forwarded; leave it out`, 'GX-3')
  }
  return undefined
}

/** BigQuery v2 `jobs.list` takes several of these; other lists are one value with commas. */
const REPEATABLE: ReadonlySet<string> = new Set(['stateFilter'])

function repeated(query: readonly QueryParameter[]): string | undefined {
  if (query.length < 2) return undefined
  const seen = new Set<string>()
  for (const { name } of query) {
    if (seen.has(name) && !REPEATABLE.has(name)) return name
    seen.add(name)
  }
  return undefined
}

function unsupported(detail: string, rule: string): Refusal {
  return refusal('ERR_SG_REQUEST_UNSUPPORTED', detail, rule)
}

function ambiguous(detail: string, rule: string): Refusal {
  return refusal('ERR_SG_OPERATION_AMBIGUOUS', detail, rule)
}
