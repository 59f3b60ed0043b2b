// Every rule by which an S3 request is refused before policy: its code, and a text that helps to mend
// the request. Both text and detail are about the agent's own message, so it may read them.

import { refusal, type Refusal } from '../../../errors.ts'
import { err, type Result } from '../../../util/result.ts'

interface Rule {
  readonly code:
    'ERR_SG_OPERATION_UNKNOWN' | 'ERR_SG_OPERATION_AMBIGUOUS' | 'ERR_SG_REQUEST_UNSUPPORTED'
  readonly hint: string
}

const AMBIGUOUS = 'ERR_SG_OPERATION_AMBIGUOUS'
const UNSUPPORTED = 'ERR_SG_REQUEST_UNSUPPORTED'

export const S3_RULES = {
  'S3-BUCKET': {
    code: AMBIGUOUS,
    hint: 'the first path segment must be a bucket name: 3 to 63 of a-z 0-9 . -, not percent-encoded',
  },
  'S3-BUCKET-KIND': {
    code: UNSUPPORTED,
    hint: 'directory buckets, access points, Object Lambda, Multi-Region Access Points and table buckets are not supported; name the general purpose bucket itself',
  },
  'S3-KEY': {
    code: AMBIGUOUS,
    hint: 'object keys must be percent-encoded UTF-8 without control characters',
  },
  'S3-QUERY-SIGNED': {
    code: AMBIGUOUS,
    hint: 'presigned URLs are not accepted; let the SDK send the request itself, signed by header',
  },
  'S3-QUERY-UNKNOWN': {
    code: AMBIGUOUS,
    hint: 'a query parameter is not part of the S3 API known to this gateway',
  },
  'S3-QUERY-TWICE': { code: AMBIGUOUS, hint: 'a query parameter stands more than once' },
  'S3-QUERY-VALUE': {
    code: AMBIGUOUS,
    hint: 'a query parameter has control characters, a value where it takes none, or none where it needs one',
  },
  'S3-SUBRESOURCES': { code: AMBIGUOUS, hint: 'the query names more than one subresource' },
  'S3-FORM': {
    code: UNSUPPORTED,
    hint: 'browser form uploads (POST Object) are not supported; use PutObject',
  },
  'S3-OPTIONS': {
    code: UNSUPPORTED,
    hint: 'CORS preflight requests are not supported; this gateway serves agents, not browsers',
  },
  'S3-UNKNOWN': {
    code: 'ERR_SG_OPERATION_UNKNOWN',
    hint: 'no S3 operation known to this gateway has this method and subresource',
  },
  'S3-MISMATCH': {
    code: AMBIGUOUS,
    hint: 'the query parameters and headers do not make exactly one S3 operation',
  },
  'S3-UNREACHABLE': {
    code: UNSUPPORTED,
    hint: 'this operation exists only on S3 endpoints that this gateway does not serve',
  },
  'S3-HEADER': {
    code: AMBIGUOUS,
    hint: 'an x-amz-* header is not part of this operation as known to this gateway',
  },
  'S3-HEADER-TWICE': { code: AMBIGUOUS, hint: 'an x-amz-* header stands more than once' },
  'S3-SESSION': {
    code: UNSUPPORTED,
    hint: 'S3 Express sessions are not supported; set disableS3ExpressSessionAuth (JS), s3_disable_express_session_auth (Python)',
  },
  'S3-SIGV4A': {
    code: UNSUPPORTED,
    hint: 'SigV4A is not supported; use SigV4 and a regional bucket',
  },
  'S3-SOURCE': {
    code: AMBIGUOUS,
    hint: 'x-amz-copy-source must be bucket/key, percent-encoded (a plus as %2B, a blank as %20), with ?versionId=… at most',
  },
  'S3-BODY-UNEXPECTED': { code: AMBIGUOUS, hint: 'this operation takes no body' },
  'S3-BODY': {
    code: AMBIGUOUS,
    hint: 'the XML body does not have exactly the form that the S3 API gives for this operation',
  },
  'S3-BODY-RESTORE': {
    code: UNSUPPORTED,
    hint: 'RestoreObject with a SELECT query or an output location is not supported',
  },
  'S3-CHUNK-SIGNED': {
    code: UNSUPPORTED,
    hint: 'signed chunks cannot be passed on under another signature; use https and let the SDK send STREAMING-UNSIGNED-PAYLOAD-TRAILER or UNSIGNED-PAYLOAD (Java: S3Configuration.chunkedEncodingEnabled(false))',
  },
  'S3-CHUNKED': {
    code: AMBIGUOUS,
    hint: 'aws-chunked, x-amz-trailer and x-amz-decoded-content-length must come together with x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER, or not at all',
  },
  'S3-HASH': {
    code: AMBIGUOUS,
    hint: 'x-amz-content-sha256 is neither a known sentinel nor the lower-case SHA-256 of the body',
  },
} as const satisfies Record<string, Rule>

export type S3Rule = keyof typeof S3_RULES
export type S3RefusalCode = (typeof S3_RULES)[S3Rule]['code']

export function refuseS3(rule: S3Rule, found: string): Result<never, Refusal<S3RefusalCode>> {
  const { code, hint } = S3_RULES[rule]
  return err(refusal(code, `${found}; ${hint}`, rule))
}
