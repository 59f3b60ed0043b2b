// What no request to a Google API may carry, whatever its operation: a second proof of identity in a
// header or a form (RFC 6750 §2.2), which the API might prefer to ours. Refused, not dropped: whoever
// sends one means something by it that would not happen. Credentials in the query (RFC 6750 §2.3) are
// refused by each service's own list of parameters.

import { refusal, type Refusal } from '../../errors.ts'
import { headerValue, type HeaderMap } from '../../request/gateway-request.ts'

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

function refuse(detail: string, rule: string): Refusal {
  return refusal('ERR_SG_REQUEST_UNSUPPORTED', detail, rule)
}
