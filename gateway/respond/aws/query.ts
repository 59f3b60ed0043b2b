// The AWS query protocol (STS, IAM, SNS …) and its EC2 variant (Smithy specification, "AWS query
// protocol" and "AWS EC2 query protocol", operation error serialization).

import type { RefusalText, WrittenRefusal } from '../refusal-answer.ts'
import { element, xmlDocument } from '../xml.ts'

export function writeAwsQuery(text: RefusalText): WrittenRefusal {
  const type = text.status < 500 ? 'Sender' : 'Receiver'
  return {
    contentType: 'text/xml',
    headers: [['x-amzn-requestid', text.decisionId]],
    body: xmlDocument(
      '<ErrorResponse><Error>' +
        element('Type', type) +
        element('Code', text.name) +
        element('Message', text.message) +
        '</Error>' +
        element('RequestId', text.decisionId) +
        '</ErrorResponse>',
    ),
  }
}

export function writeAwsEc2(text: RefusalText): WrittenRefusal {
  return {
    contentType: 'text/xml;charset=UTF-8',
    headers: [['x-amzn-requestid', text.decisionId]],
    body: xmlDocument(
      '<Response><Errors><Error>' +
        element('Code', text.name) +
        element('Message', text.message) +
        '</Error></Errors>' +
        element('RequestID', text.decisionId) +
        '</Response>',
    ),
  }
}
