// Turns a shaped request and a live credential into the only value that can be sent. Trusts that
// `shape` wrote path and query in canonical form; trusts nothing about headers, because one that is
// left over (a second Authorization, a line break in a value) would speak with our authority.
// AWS Signature Version 4, header form, or a bearer token. Refusals carry the id of the rule (SIGN-n) that made them.

import type {
  AwsCredential,
  Credential,
  GcpCredential,
  NoCredential,
} from '../credential/credential.ts'
import { refusal, type CredentialCode, type Refusal, type UpstreamCode } from '../errors.ts'
import type { HeaderLine } from '../request/message.ts'
import type { ShapedRequest } from '../shape/shaped-request.ts'
import { err, ok, type Result } from '../util/result.ts'
import { bearerHeaders } from './bearer.ts'
import { checkShaped, payloadHashOf } from './check-shaped.ts'
import { canonicalHeaders } from './sigv4/canonical-headers.ts'
import { canonicalRequest, hashCanonicalRequest } from './sigv4/canonical-request.ts'
import { canonicalUri, uriRulesOf } from './sigv4/canonical-uri.ts'
import { credentialScope, isSigningScope, type SigningScope } from './sigv4/credential-scope.ts'
import { authorizationHeader, signature } from './sigv4/signature.ts'
import { signingKeyOf } from './sigv4/signing-key.ts'
import { stringToSign } from './sigv4/string-to-sign.ts'
import { signingTime } from './sigv4/timestamp.ts'
import { makeSignedRequest, type SignedRequest } from './signed-request.ts'

export type SignRefusal = Refusal<CredentialCode | UpstreamCode>

/**
 * @param now ms since the Unix epoch
 * @param scope region and signing name of the route; not read for a credential of kind `none`
 * @returns `ERR_SG_CREDENTIAL_CONFIG`: this credential is not for this request;
 *   `ERR_SG_CREDENTIAL_UNAVAILABLE`: it has expired; `ERR_SG_UPSTREAM_REFUSED`: the request holds
 *   what must not be sent
 */
export function sign(
  shaped: ShapedRequest,
  credential: Credential,
  now: number,
  scope: SigningScope,
): Result<SignedRequest, SignRefusal> {
  const unfit = checkCredential(shaped, credential, now) ?? checkShaped(shaped)
  if (unfit !== undefined) return err(unfit)
  switch (credential.kind) {
    case 'aws-web-identity':
      return signAws(shaped, credential, now, scope)
    case 'gcp-workload-identity':
      return sendBearer(shaped, credential)
    case 'none':
      return sendBare(shaped, credential)
    default:
      return unknownKind(credential)
  }
}

function checkCredential(
  shaped: ShapedRequest,
  credential: Credential,
  now: number,
): SignRefusal | undefined {
  const { allowed } = shaped
  if (credential.name !== allowed.credential) {
    return refusal('ERR_SG_CREDENTIAL_CONFIG', 'not the credential that was decided', 'SIGN-1')
  }
  if (!(now < credential.expiresAt)) {
    return refusal('ERR_SG_CREDENTIAL_UNAVAILABLE', 'the credential has expired', 'SIGN-3')
  }
  return undefined
}

function signAws(
  shaped: ShapedRequest,
  credential: AwsCredential,
  now: number,
  scope: SigningScope,
): Result<SignedRequest, SignRefusal> {
  if (shaped.allowed.route.provider !== credential.provider) {
    return err(
      refusal('ERR_SG_CREDENTIAL_CONFIG', 'the credential is for another provider', 'SIGN-2'),
    )
  }
  if (!isSigningScope(scope)) {
    return err(refusal('ERR_SG_CREDENTIAL_CONFIG', 'no usable signing scope', 'SIGN-4'))
  }
  const payloadHash = payloadHashOf(shaped)
  if (payloadHash === undefined) {
    const detail = 'the payload hash is neither a digest nor a known sentinel'
    return err(refusal('ERR_SG_UPSTREAM_REFUSED', detail, 'SIGN-8'))
  }
  const { time, scopeText, ours, headers, canonical } = prepare(
    shaped,
    credential,
    now,
    scope,
    payloadHash,
  )
  const hash = hashCanonicalRequest(canonical)
  const key = signingKeyOf(credential.secretAccessKey, time.date, scope, scopeText)
  const hex = signature(key, stringToSign(time.timestamp, scopeText, hash))
  const authorization = authorizationHeader(
    credential.accessKeyId,
    scopeText,
    headers.signedHeaders,
    hex,
  )
  return ok(finish(shaped, [...ours, ...shaped.headers, ['authorization', authorization]]))
}

function prepare(
  shaped: ShapedRequest,
  credential: AwsCredential,
  now: number,
  scope: SigningScope,
  payloadHash: string,
) {
  const time = signingTime(now)
  const scopeText = credentialScope(time.date, scope)
  const ours: HeaderLine[] = [
    ['host', shaped.upstream.authority],
    ['x-amz-content-sha256', payloadHash],
    ['x-amz-date', time.timestamp],
    ['x-amz-security-token', credential.sessionToken.reveal()],
  ]
  const toSign = ours.slice()
  for (const line of shaped.headers) if (isSigned(line[0])) toSign.push(line)
  const headers = canonicalHeaders(toSign)
  const canonical = canonicalRequest({
    method: shaped.method,
    uri: canonicalUri(shaped.path, uriRulesOf(scope.service)),
    queryString: shaped.query,
    headers,
    payloadHash,
  })
  return { time, scopeText, ours, headers, canonical }
}

/** The two texts behind a signature, for `explain`; the credential there is a placeholder. */
export function explainSignature(
  shaped: ShapedRequest,
  credential: AwsCredential,
  now: number,
  scope: SigningScope,
): { readonly canonicalRequest: string; readonly stringToSign: string } {
  const payloadHash = payloadHashOf(shaped) ?? ''
  const { time, scopeText, canonical } = prepare(shaped, credential, now, scope, payloadHash)
  const hash = hashCanonicalRequest(canonical)
  return {
    canonicalRequest: canonical,
    stringToSign: stringToSign(time.timestamp, scopeText, hash),
  }
}

/**
 * What AWS demands to be signed, and nothing that a hop may rewrite: a proxy that edits
 * accept-encoding, expect or user-agent must not break the request (docs/AWS.md).
 */
function isSigned(name: string): boolean {
  return name.startsWith('x-amz-') || name === 'content-type' || name === 'content-md5'
}

function sendBearer(
  shaped: ShapedRequest,
  credential: GcpCredential,
): Result<SignedRequest, SignRefusal> {
  const { provider } = shaped.allowed.route
  const { upstream, headers: shapedHeaders } = shaped
  const headers = bearerHeaders({ provider, upstream, headers: shapedHeaders }, credential)
  return headers.ok ? ok(finish(shaped, headers.value)) : headers
}

function sendBare(
  shaped: ShapedRequest,
  credential: NoCredential,
): Result<SignedRequest, SignRefusal> {
  const { authority } = shaped.upstream
  if (!credential.hosts.includes(authority)) {
    return err(
      refusal('ERR_SG_CREDENTIAL_CONFIG', 'the credential is not bound to this host', 'SIGN-5'),
    )
  }
  return ok(finish(shaped, [['host', authority], ...shaped.headers]))
}

function finish(shaped: ShapedRequest, headers: readonly HeaderLine[]): SignedRequest {
  return makeSignedRequest({
    upstream: shaped.upstream,
    method: shaped.method,
    target: shaped.query === '' ? shaped.path : `${shaped.path}?${shaped.query}`,
    headers,
    framing: shaped.framing,
    body: shaped.body,
    identity: shaped.allowed.peer.spiffeId,
  })
}

function unknownKind(_credential: never): Result<SignedRequest, SignRefusal> {
  return err(refusal('ERR_SG_CREDENTIAL_CONFIG', 'a credential of an unknown kind', 'SIGN-2'))
}
