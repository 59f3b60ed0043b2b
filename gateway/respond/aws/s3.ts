// Amazon S3: a bare `Error` element (S3 User Guide, "REST error responses").
//
// A HEAD has no body, so its SDK shows only the status and the two ids. The request id is our
// decision id, and the second id carries our code: that is all a caller of HeadObject can see.

import type { RefusalText, WrittenRefusal } from '../refusal-answer.ts'
import { element, xmlDocument } from '../xml.ts'

export function writeS3(text: RefusalText): WrittenRefusal {
  return {
    contentType: 'application/xml',
    headers: [
      ['x-amz-request-id', text.decisionId],
      ['x-amz-id-2', text.code],
    ],
    body: xmlDocument(
      '<Error>' +
        element('Code', text.name) +
        element('Message', text.message) +
        element('RequestId', text.decisionId) +
        element('HostId', text.code) +
        '</Error>',
    ),
  }
}
