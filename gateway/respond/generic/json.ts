// For clients that have no error format of their own.

import type { RefusalText, WrittenRefusal } from '../refusal-answer.ts'

export function writeJson(text: RefusalText): WrittenRefusal {
  const body = {
    error: {
      code: text.code,
      kind: text.name,
      status: text.status,
      message: text.message,
      decision_id: text.decisionId,
    },
  }
  return {
    contentType: 'application/json',
    headers: [],
    body: Buffer.from(JSON.stringify(body), 'utf8'),
  }
}
