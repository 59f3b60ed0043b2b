// What no request to a Google API may carry, whatever its operation: a second proof of identity,
// which the API might prefer to ours, and standard parameters that change who pays or what is done
// (Google APIs, "Standard query parameters"; RFC 6750 §2.2 and §2.3). Names are already decoded once,
// so that no spelling of a name hides it. Refused, not dropped: whoever sends one means something by
// it that would not happen.

import { refusal, type Refusal } from '../../errors.ts'
import { headerValue, type HeaderMap, type QueryParameter } from '../../request/gateway-request.ts'

/** Lower case: Google's front ends take some of them in any. */
const CREDENTIALS: ReadonlySet<string> = new Set([
  'access_token',
  'bearer_token',
  'key',
  'oauth_token',
])
const OTHER_MEANING: ReadonlySet<string> = new Set([
  '$callback',
  '$httpmethod',
  '$userproject',
  'callback',
  'userproject',
  'x-http-method-override',
])

const HEADERS: ReadonlySet<string> = new Set([
  'x-goog-api-key',
  'x-goog-iam-authority-selector',
  'x-goog-iam-authorization-token',
])
const IDENTITY_HEADERS = 'x-goog-authenticated-user-'

/** @returns the first rule that refuses; undefined: nothing of the kind */
export function googleHeaderFault(headers: HeaderMap): Refusal | undefined {
  for (const name of headers.keys()) {
    if (!name.startsWith('x-goog-')) continue
    if (HEADERS.has(name) || name.startsWith(IDENTITY_HEADERS)) {
      return refuse(`${name} is a credential of its own; send none, the gateway adds it`, 'GX-1')
    }
  }
  const type = headerValue(headers, 'content-type')?.toLowerCase() ?? ''
  if (type.startsWith('application/x-www-form-urlencoded')) {
    return refuse('a form can hold a credential; send JSON', 'GX-2')
  }
  return undefined
}

/** The net below each service's own list of parameters. */
export function googleParameterFault(query: readonly QueryParameter[]): Refusal | undefined {
  for (const { name } of query) {
    const lower = name.toLowerCase()
    if (CREDENTIALS.has(lower)) {
      return refuse(
        `the parameter ${lower} is a credential; send none, the gateway adds it`,
        'GX-3',
      )
    }
    if (OTHER_MEANING.has(lower)) {
      return refuse(`the parameter ${lower} is not forwarded; leave it out`, 'GX-4')
    }
  }
  return undefined
}

function refuse(detail: string, rule: string): Refusal {
  return refusal('ERR_SG_REQUEST_UNSUPPORTED', detail, rule)
}
