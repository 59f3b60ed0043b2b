// Which dialect to answer in when no route was found, or the head could not be accepted: judged by
// the marks that only one protocol's clients send. It decides about wording only, never about
// access. A wrong guess costs a readable message, so the rest gets plain JSON.

import type { HeaderLine } from '../request/message.ts'
import type { Dialect } from '../routing/route.ts'

/** Signature scope of SigV4: `Credential=<key>/<date>/<region>/<service>/aws4_request`. */
const SCOPE_SERVICE =
  /\bCredential=[^/,\s]{1,128}\/\d{8}\/[a-z0-9-]{0,64}\/([a-z0-9-]{1,64})\/aws4_request/

/** First value of a header among the raw lines, lower-case name; lines may be hostile. */
function first(lines: readonly HeaderLine[], name: string): string | undefined {
  for (const [lineName, value] of lines) {
    if (lineName.length === name.length && lineName.toLowerCase() === name) return value
  }
  return undefined
}

/** Behind these, only Google's clients ask: our own prefix, and the roots of its APIs. */
const GOOGLE_PATH = /^\/(?:gcp\/|(?:(?:resumable\/)?upload\/|batch\/)?bigquery\/v2(?:\/|$))/

/** @param target as it was sent, hostile too */
export function guessDialect(lines: readonly HeaderLine[], target = ''): Dialect {
  if (GOOGLE_PATH.test(target) || first(lines, 'x-goog-api-client') !== undefined) return 'google'
  if (first(lines, 'smithy-protocol') === 'rpc-v2-cbor') return 'aws-cbor'
  if (first(lines, 'x-amz-target') !== undefined) return 'aws-json'
  const service = SCOPE_SERVICE.exec(first(lines, 'authorization') ?? '')?.[1]
  if (service === undefined) return 'json'
  if (service === 's3' || service === 's3express') return 's3'
  if (service === 'ec2') return 'aws-ec2'
  const contentType = first(lines, 'content-type') ?? ''
  if (contentType.startsWith('application/x-www-form-urlencoded')) return 'aws-query'
  return 'aws-rest-json'
}
