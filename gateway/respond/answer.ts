// A refusal, written in the dialect of the SDK that asked (docs/REFUSALS.md). Pure: time is a
// parameter. Promises that any text of the agent or of the policy comes out harmless, that
// Content-Length is right, and that the Date is: the AWS SDK for JavaScript takes any error for
// clock skew, and repeats even a denial, when Date is minutes off its own clock.

import type { HeaderLine } from '../request/message.ts'
import { METHODS } from '../request/gateway-request.ts'
import type { Dialect } from '../routing/route.ts'
import { writeAwsCbor } from './aws/cbor.ts'
import { writeAwsJson, writeAwsRestJson } from './aws/json.ts'
import { writeAwsEc2, writeAwsQuery } from './aws/query.ts'
import { writeS3 } from './aws/s3.ts'
import { CODES } from './codes.ts'
import { pauseOf, spellingOf } from './dialects.ts'
import { writeJson } from './generic/json.ts'
import { writeGoogle } from './google/error.ts'
import type {
  RefusalAnswer,
  RefusalContext,
  RefusalText,
  WrittenRefusal,
} from './refusal-answer.ts'
import { cleanId, refusalMessage } from './text.ts'

const NO_BODY = Buffer.alloc(0)

export function renderRefusal(dialect: Dialect, context: RefusalContext): RefusalAnswer {
  const entry = CODES[context.code]
  const { status, name } = spellingOf(dialect, entry.kind)
  const decisionId = cleanId(context.decisionId)
  const written = write(dialect, {
    code: context.code,
    name,
    status,
    message: refusalMessage(context),
    decisionId,
    queryName:
      context.wantsQueryError === true ? spellingOf('aws-query', entry.kind).name : undefined,
  })
  const headers: HeaderLine[] = [
    // IMF-fixdate (RFC 9110 §5.6.7) is what toUTCString yields (ECMA-262 §21.4.4.43).
    ['date', new Date(context.now).toUTCString()],
    ['content-type', written.contentType],
    ['content-length', String(written.body.length)],
    ['x-svidgate-decision-id', decisionId],
    ...written.headers,
  ]
  const pause = pauseOf(dialect, entry.kind)
  if (pause !== undefined) headers.push(['retry-after', String(pause)])
  // RFC 9110 §15.5.6: a 405 names what is allowed.
  if (status === 405) headers.push(['allow', METHODS.join(', ')])
  return {
    status,
    headers,
    body: context.isHead ? NO_BODY : written.body,
    closes: entry.closes,
  }
}

function write(dialect: Dialect, text: RefusalText): WrittenRefusal {
  switch (dialect) {
    case 's3':
      return writeS3(text)
    case 'aws-query':
      return writeAwsQuery(text)
    case 'aws-ec2':
      return writeAwsEc2(text)
    case 'aws-json':
      return writeAwsJson(text)
    case 'aws-rest-json':
      return writeAwsRestJson(text)
    case 'aws-cbor':
      return writeAwsCbor(text)
    case 'google':
      return writeGoogle(text)
    // No route of this version leads to Azure: its own writer comes with those routes.
    case 'azure-xml':
    case 'json':
      return writeJson(text)
    default:
      return unknownDialect(dialect)
  }
}

function unknownDialect(dialect: never): never {
  throw new TypeError(`renderRefusal: unknown dialect ${String(dialect)}`)
}
