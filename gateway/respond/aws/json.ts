// AWS JSON 1.0 and 1.1, and rest-json (Smithy specification, "AWS JSON protocols" and "AWS restJson1
// protocol", operation error serialization).

import type { HeaderLine } from '../../request/message.ts'
import type { RefusalText, WrittenRefusal } from '../refusal-answer.ts'

/** The namespace in which AWS's own front ends answer, before a service has seen the request. */
const SHAPE_NAMESPACE = 'com.amazon.coral.service'

/** `x-amzn-query-error`: only for clients that asked, which moved from query to JSON or CBOR. */
export function queryError(text: RefusalText): readonly HeaderLine[] {
  if (text.queryName === undefined) return []
  const fault = text.status < 500 ? 'Sender' : 'Receiver'
  return [['x-amzn-query-error', `${text.queryName};${fault}`]]
}

export function writeAwsJson(text: RefusalText): WrittenRefusal {
  // Both spellings of the message: services differ, and SDKs read either one or the other.
  const body = {
    __type: `${SHAPE_NAMESPACE}#${text.name}`,
    message: text.message,
    Message: text.message,
  }
  return {
    contentType: 'application/x-amz-json-1.1',
    headers: [
      ['x-amzn-errortype', text.name],
      ['x-amzn-requestid', text.decisionId],
      ...queryError(text),
    ],
    body: Buffer.from(JSON.stringify(body), 'utf8'),
  }
}

export function writeAwsRestJson(text: RefusalText): WrittenRefusal {
  return {
    contentType: 'application/json',
    headers: [
      ['x-amzn-errortype', text.name],
      ['x-amzn-requestid', text.decisionId],
    ],
    body: Buffer.from(JSON.stringify({ message: text.message }), 'utf8'),
  }
}
