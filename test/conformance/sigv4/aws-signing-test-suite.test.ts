// The official signing test suite of AWS, header signing: canonical request, string to sign and
// signature of every case, byte for byte. Vectors: aws-signing-test-suite.json (source inside).

import t from 'tap'
import { canonicalHeaders } from '../../../gateway/signing/sigv4/canonical-headers.ts'
import { canonicalQueryString } from '../../../gateway/signing/sigv4/canonical-query-string.ts'
import {
  canonicalRequest,
  hashCanonicalRequest,
} from '../../../gateway/signing/sigv4/canonical-request.ts'
import { canonicalUri } from '../../../gateway/signing/sigv4/canonical-uri.ts'
import { credentialScope } from '../../../gateway/signing/sigv4/credential-scope.ts'
import { authorizationHeader, signature } from '../../../gateway/signing/sigv4/signature.ts'
import { deriveSigningKey } from '../../../gateway/signing/sigv4/signing-key.ts'
import { stringToSign } from '../../../gateway/signing/sigv4/string-to-sign.ts'
import { signingTime } from '../../../gateway/signing/sigv4/timestamp.ts'
import { createHash } from 'node:crypto'
import type { HeaderLine } from '../../../gateway/request/message.ts'
import { readTestJson } from '../../support/test-data.ts'

interface Vector {
  id: string
  context: {
    credentials: { access_key_id: string; secret_access_key: string; token?: string }
    region: string
    service: string
    timestamp: string
    normalize: boolean
    sign_body: boolean
    omit_session_token?: boolean
  }
  request: string
  canonicalRequest: string
  stringToSign: string
  signature: string
  signedRequest: string
}

interface RawRequest {
  method: string
  path: string
  query: { name: string; value: string | undefined }[]
  headers: HeaderLine[]
  body: string
}

function decode(text: string): string {
  return decodeURIComponent(text)
}

/** Reads a request of the suite; texts are the file's bytes, one character each. */
function parse(text: string): RawRequest {
  const raw = Buffer.from(text, 'utf8').toString('latin1')
  const [head = '', ...rest] = raw.split(/\r?\n\r?\n/)
  const [start = '', ...lines] = head.replace(/\r?\n[ \t]+/g, '  ').split(/\r?\n/)
  const method = start.slice(0, start.indexOf(' '))
  const target = start.slice(start.indexOf(' ') + 1, start.lastIndexOf(' '))
  const [path = '', search] = target.split('?')
  const query = (search ?? '')
    .split('&')
    .filter((part) => part !== '')
    .map((part) => Buffer.from(part, 'latin1').toString('utf8'))
    .map((part) => {
      const equals = part.indexOf('=')
      return equals === -1
        ? { name: decode(part), value: undefined }
        : { name: decode(part.slice(0, equals)), value: decode(part.slice(equals + 1)) }
    })
  const headers = lines
    .filter((line) => line !== '')
    .map((line): HeaderLine => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1)]
    })
  return { method, path, query, headers, body: rest.join('\n\n') }
}

const suite = readTestJson('conformance/sigv4/aws-signing-test-suite.json') as { cases: Vector[] }

t.equal(suite.cases.length, 38, 'the whole suite is there')

for (const vector of suite.cases) {
  t.test(`SIGV4-SUITE: ${vector.id}`, (t) => {
    const { context } = vector
    const request = parse(vector.request)
    const time = signingTime(Date.parse(context.timestamp))
    const payloadHash = createHash('sha256').update(request.body, 'latin1').digest('hex')
    const headers: HeaderLine[] = [...request.headers, ['x-amz-date', time.timestamp]]
    if (context.sign_body) headers.push(['x-amz-content-sha256', payloadHash])
    const { token } = context.credentials
    if (token !== undefined && context.omit_session_token !== true) {
      headers.push(['x-amz-security-token', token])
    }
    const canonical = canonicalHeaders(headers)
    const text = canonicalRequest({
      method: request.method,
      uri: canonicalUri(request.path, { normalise: context.normalize, encodeAgain: true }),
      queryString: canonicalQueryString(request.query),
      headers: canonical,
      payloadHash,
    })
    t.equal(text, vector.canonicalRequest, 'canonical request')
    const scope = credentialScope(time.date, context)
    const toSign = stringToSign(time.timestamp, scope, hashCanonicalRequest(text))
    t.equal(toSign, vector.stringToSign, 'string to sign')
    const key = deriveSigningKey(context.credentials.secret_access_key, time.date, context)
    const hex = signature(key, toSign)
    t.equal(hex, vector.signature, 'signature')
    const authorization = authorizationHeader(
      context.credentials.access_key_id,
      scope,
      canonical.signedHeaders,
      hex,
    )
    t.ok(vector.signedRequest.includes(`Authorization:${authorization}\n`), 'authorization header')
    t.end()
  })
}
