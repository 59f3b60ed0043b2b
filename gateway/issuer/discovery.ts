// The two documents by which a cloud learns the issuer's keys: OpenID Provider Metadata (OpenID
// Connect Discovery 1.0 §3) and a JWK Set (RFC 7517 §5). Pure: who serves them, or writes them to a
// bucket, is another's business.

import { assertIssuerUrl, issuerPath } from './issuer-url.ts'
import type { PublicJwk } from './algorithms.ts'
import type { IssuerKeys } from './key-source.ts'

export const DISCOVERY_SUFFIX = '/.well-known/openid-configuration'
export const JWKS_SUFFIX = '/.well-known/jwks.json'

export interface ProviderMetadata {
  readonly issuer: string
  readonly jwks_uri: string
  readonly authorization_endpoint: string
  readonly response_types_supported: readonly string[]
  readonly subject_types_supported: readonly string[]
  readonly id_token_signing_alg_values_supported: readonly string[]
  readonly claims_supported: readonly string[]
}

export interface JwkSet {
  readonly keys: readonly PublicJwk[]
}

/**
 * How long others may keep either document. A new key is published for much longer than this before
 * its first use, because what clouds really do is not written down.
 */
export const DOCUMENT_MAX_AGE_SECONDS = 300

/** @throws TypeError for a URL that no cloud would accept */
export function providerMetadata(
  issuerUrl: string,
  algorithms: readonly string[],
): ProviderMetadata {
  assertIssuerUrl(issuerUrl)
  return {
    issuer: issuerUrl,
    jwks_uri: `${issuerUrl}${JWKS_SUFFIX}`,
    // Required by the specification, but nobody can log in here: tokens are made inside only.
    authorization_endpoint: 'urn:svidgate:no-authorization-endpoint',
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: algorithms,
    claims_supported: ['iss', 'sub', 'aud', 'iat', 'nbf', 'exp', 'jti'],
  }
}

export function jwkSet(keys: IssuerKeys): JwkSet {
  return { keys: keys.published.map((key) => key.jwk) }
}

/** Request path → JSON text, for a listener or to be published as files. */
export function issuerDocuments(issuerUrl: string, keys: IssuerKeys): ReadonlyMap<string, string> {
  const metadata = JSON.stringify(providerMetadata(issuerUrl, [...keys.signers.keys()]))
  const path = issuerPath(issuerUrl)
  return new Map([
    [`${path}${DISCOVERY_SUFFIX}`, metadata],
    [`${path}${JWKS_SUFFIX}`, JSON.stringify(jwkSet(keys))],
  ])
}
