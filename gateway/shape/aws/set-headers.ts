// The obligation `set_headers`, from a closed list: what a policy may add to an S3 request. Each
// must be one that the operation takes, since S3 ignores the rest and the condition would be lost,
// and none may contradict what the client said. SSE-C keys are secrets, so no decision holds them.

import { refusal, type Refusal } from '../../errors.ts'
import { S3_OPERATIONS_BY_NAME } from '../../facts/aws/s3/operation-index.ts'
import type { HeaderMap } from '../../request/gateway-request.ts'

const ACCOUNT = /^[0-9]{12}$/
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

const SETTABLE: ReadonlyMap<string, RegExp> = new Map([
  ['if-match', /^(?:\*|"[!#-~]+"|[!#-~]+)$/],
  ['x-amz-expected-bucket-owner', ACCOUNT],
  ['x-amz-source-expected-bucket-owner', ACCOUNT],
  ['x-amz-server-side-encryption', /^(?:AES256|aws:kms|aws:kms:dsse)$/],
  ['x-amz-server-side-encryption-aws-kms-key-id', /^[A-Za-z0-9:/_-]{1,2048}$/],
  ['x-amz-server-side-encryption-bucket-key-enabled', /^(?:true|false)$/],
  ['x-amz-server-side-encryption-context', BASE64],
])

type Unsupported = Refusal<'ERR_SG_OBLIGATION_UNSUPPORTED'>

/** @returns why the headers cannot be set; undefined: they can */
export function checkSetHeaders(
  setHeaders: ReadonlyMap<string, string>,
  action: string,
  client: HeaderMap,
): Unsupported | undefined {
  const operation = S3_OPERATIONS_BY_NAME.get(action)
  for (const [name, value] of setHeaders) {
    const pattern = SETTABLE.get(name)
    if (pattern === undefined) return unsupported(`${name} is not on the list`, 'SH-1')
    if (!pattern.test(value)) return unsupported(`the value of ${name} has no such form`, 'SH-2')
    if (operation?.headerNames.has(name) !== true) {
      return unsupported(`${action} takes no ${name}`, 'SH-3')
    }
    const given = client.get(name)
    if (given !== undefined && (given.length !== 1 || given[0] !== value)) {
      return unsupported(`the client sent another ${name}`, 'SH-4')
    }
  }
  return undefined
}

function unsupported(detail: string, rule: string): Unsupported {
  return refusal('ERR_SG_OBLIGATION_UNSUPPORTED', `set_headers: ${detail}`, rule)
}
