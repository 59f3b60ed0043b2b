// How each kind of refusal is spelt for each SDK: status and error code (docs/REFUSALS.md). The
// choice is not cosmetic: SDKs retry by status *and* by error code. A denial must reach the program
// at once, an overload must be retried. Measured on boto3, on the AWS SDK for JavaScript v3, and on
// Google's BigQuery clients for Node and Python, whose code is the `reason`.

import type { Dialect } from '../routing/route.ts'
import type { RefusalKind } from './codes.ts'

/** What one dialect says for one kind. */
export interface Spelling {
  readonly status: number
  /** The error code in the SDK's vocabulary: what a program compares. */
  readonly name: string
}

interface KindEntry {
  /** Whether the SDKs try again, and whether we name a pause (Retry-After, seconds). */
  readonly retries: boolean
  readonly retryAfterSeconds: number | undefined
  readonly status: number
  readonly names: Readonly<Record<NamedDialect, string>>
  /** Where a dialect's own servers use another status than HTTP's. */
  readonly statuses: Readonly<Partial<Record<Dialect, number>>>
}

/**
 * Families of names: S3 has its own, query and EC2 share a style, and the Smithy protocols name
 * exception shapes.
 */
type NamedDialect = 's3' | 'query' | 'ec2' | 'shape' | 'google' | 'json'

const FAMILY: Readonly<Record<Dialect, NamedDialect>> = {
  s3: 's3',
  'aws-query': 'query',
  'aws-ec2': 'ec2',
  'aws-json': 'shape',
  'aws-rest-json': 'shape',
  'aws-cbor': 'shape',
  google: 'google',
  'azure-xml': 'json',
  json: 'json',
}

function kind(
  status: number,
  retries: boolean,
  names: Readonly<Record<NamedDialect, string>>,
  statuses: Readonly<Partial<Record<Dialect, number>>> = {},
  retryAfterSeconds?: number,
): KindEntry {
  return Object.freeze({ status, retries, names, statuses, retryAfterSeconds })
}

function sameName(
  s3: string,
  shape: string,
  google: string,
  json: string,
): Readonly<Record<NamedDialect, string>> {
  return { s3, query: s3, ec2: s3, shape, google, json }
}

/** AWS JSON services answer every client error with 400; the exception's name tells them apart. */
const JSON_CLIENT_ERROR: Readonly<Partial<Record<Dialect, number>>> = { 'aws-json': 400 }

const THROTTLED = {
  s3: 'SlowDown',
  query: 'Throttling',
  ec2: 'RequestLimitExceeded',
  shape: 'ThrottlingException',
  google: 'rateLimitExceeded',
  json: 'throttled',
} as const

const BAD_REQUEST = sameName('InvalidRequest', 'ValidationException', 'invalid', 'invalid_request')

export const KINDS: Readonly<Record<RefusalKind, KindEntry>> = Object.freeze({
  denied: kind(
    403,
    false,
    {
      s3: 'AccessDenied',
      query: 'AccessDenied',
      ec2: 'UnauthorizedOperation',
      shape: 'AccessDeniedException',
      google: 'accessDenied',
      json: 'access_denied',
    },
    JSON_CLIENT_ERROR,
  ),
  'bad-request': kind(400, false, BAD_REQUEST),
  method: kind(
    405,
    false,
    sameName(
      'MethodNotAllowed',
      'ValidationException',
      'httpMethodNotAllowed',
      'method_not_allowed',
    ),
  ),
  'length-required': kind(
    411,
    false,
    sameName('MissingContentLength', 'ValidationException', 'invalid', 'length_required'),
  ),
  'too-large': kind(
    413,
    false,
    sameName('EntityTooLarge', 'ValidationException', 'requestTooLarge', 'too_large'),
  ),
  'headers-too-large': kind(
    431,
    false,
    sameName('RequestHeaderSectionTooLarge', 'ValidationException', 'invalid', 'headers_too_large'),
  ),
  // `RequestTimeout` is the one client error that the SDKs count as transient.
  timeout: kind(
    408,
    true,
    sameName('RequestTimeout', 'RequestTimeoutException', 'backendError', 'timeout'),
  ),
  expectation: kind(
    417,
    false,
    sameName('InvalidRequest', 'ValidationException', 'invalid', 'expectation_failed'),
  ),
  // 501 is a server error that neither boto3 nor JS v3 repeats.
  unsupported: kind(
    501,
    false,
    sameName(
      'NotImplemented',
      'UnsupportedOperationException',
      'notImplemented',
      'not_implemented',
    ),
  ),
  version: kind(
    505,
    false,
    sameName('InvalidRequest', 'ValidationException', 'invalid', 'http_version'),
  ),
  // botocore's standard mode repeats 429 only for names it knows: the name carries the meaning.
  throttled: kind(
    503,
    true,
    THROTTLED,
    {
      'aws-query': 400,
      'aws-json': 400,
      'aws-cbor': 400,
      'aws-rest-json': 429,
      google: 429,
      json: 429,
    },
    1,
  ),
  overloaded: kind(503, true, THROTTLED, {}, 1),
  unavailable: kind(
    503,
    true,
    {
      s3: 'ServiceUnavailable',
      query: 'ServiceUnavailable',
      ec2: 'Unavailable',
      shape: 'ServiceUnavailableException',
      google: 'backendError',
      json: 'unavailable',
    },
    {},
    1,
  ),
  internal: kind(
    500,
    true,
    sameName('InternalError', 'InternalServerException', 'internalError', 'internal_error'),
  ),
  'bad-gateway': kind(
    502,
    true,
    sameName('BadGateway', 'BadGatewayException', 'badGateway', 'bad_gateway'),
  ),
  'gateway-timeout': kind(
    504,
    true,
    sameName('GatewayTimeout', 'GatewayTimeoutException', 'backendError', 'gateway_timeout'),
  ),
})

/**
 * Seconds of Retry-After; undefined: none is sent. Google's clients have a back-off of their own, and
 * their servers send no such header.
 */
export function pauseOf(dialect: Dialect, kindName: RefusalKind): number | undefined {
  return dialect === 'google' ? undefined : KINDS[kindName].retryAfterSeconds
}

/** Status and error code of a kind of refusal in one dialect. */
export function spellingOf(dialect: Dialect, kindName: RefusalKind): Spelling {
  const entry = KINDS[kindName]
  return {
    status: entry.statuses[dialect] ?? entry.status,
    name: entry.names[FAMILY[dialect]],
  }
}
