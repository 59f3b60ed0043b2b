// The headers of a recognised operation: every `x-amz-*` name must be one that its model lists, and
// stand once. Names outside `x-amz-` are plain HTTP to S3 and pass.

import type { Refusal } from '../../../errors.ts'
import type { Result } from '../../../util/result.ts'
import type { RequestView } from '../../request-view.ts'
import type { S3Operation } from './operation-index.ts'
import { quoted } from '../../quoted.ts'
import { refuseS3, type S3RefusalCode } from './refusal-rules.ts'

type Refused = Result<never, Refusal<S3RefusalCode>>

/** Undefined: nothing to object to. */
export function checkHeaders(operation: S3Operation, view: RequestView): Refused | undefined {
  for (const [name, values] of view.headers) {
    if (!name.startsWith('x-amz-')) continue
    if (values.length > 1) {
      return refuseS3('S3-HEADER-TWICE', `${quoted(name)} stands more than once`)
    }
    if (operation.headerNames.has(name)) continue
    if (name.startsWith('x-amz-meta-') && operation.model.metadata) continue
    return refuseHeader(operation, name)
  }
  if (view.method === 'POST' && isForm(view)) {
    return refuseS3('S3-FORM', 'the body is multipart/form-data')
  }
  const { framing } = view
  const hasBody = framing.kind === 'chunked' || (framing.kind === 'sized' && framing.length > 0)
  if (hasBody && !operation.model.body) {
    return refuseS3('S3-BODY-UNEXPECTED', `${operation.model.name} with a body`)
  }
  return undefined
}

function refuseHeader({ model }: S3Operation, name: string): Refused {
  if (name === 'x-amz-s3session-token') return refuseS3('S3-SESSION', 'a session of S3 Express')
  if (name === 'x-amz-region-set') return refuseS3('S3-SIGV4A', 'a set of regions is signed')
  return refuseS3('S3-HEADER', `${model.name} takes no ${quoted(name)}`)
}

function isForm({ headers }: RequestView): boolean {
  const type = headers.get('content-type')?.[0]
  return type !== undefined && type.trim().toLowerCase().startsWith('multipart/form-data')
}
