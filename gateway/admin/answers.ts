// Answers that the three listeners share.

import type { SimpleAnswer } from './http-server.ts'

export function textAnswer(status: number, text: string): SimpleAnswer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${text}\n` }
}

export function methodNotAllowed(): SimpleAnswer {
  return { ...textAnswer(405, 'method not allowed'), headers: { allow: 'GET, HEAD' } }
}

export function notFound(): SimpleAnswer {
  return textAnswer(404, 'not found')
}

/** HEAD is GET without the body, which the server leaves out (RFC 9110 §9.3.2). */
export function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}
