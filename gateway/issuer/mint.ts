// Mints the gateway-issued identity token (JWT-SVID §3): what a cloud trusts
// instead of the agent's certificate. It is minted when a credential is needed, used at once and
// never given to the agent. Header `alg kid typ` only (JWT-SVID §2); times are integers, because
// AWS refuses others.

import { refusal, type CredentialCode, type Refusal } from '../errors.ts'
import type { JwtSvid, JwtSvidRequest } from '../spiffe/jwt-svid.ts'
import { err, ok, type Result } from '../util/result.ts'
import { formatRfc3339 } from '../util/rfc3339.ts'
import { Secret } from '../util/secret.ts'
import { assertIssuerUrl } from './issuer-url.ts'
import type { IssuerKeySource } from './key-source.ts'
import type { TokenSigner } from './signer.ts'

/** Seconds, counted from `iat`. */
export const MAX_TOKEN_TTL = 300
export const MIN_TOKEN_TTL = 60

/** Seconds by which `iat` and `nbf` lie back: clouds whose clocks are behind must not refuse. */
export const BACKDATE = 15

export interface MintOptions {
  /** `iss`, byte for byte. */
  readonly issuerUrl: string
  readonly keys: IssuerKeySource
  /** `exp` − `iat` */
  readonly tokenTtlSeconds: number
  /** A fresh `jti` each time. */
  readonly randomId: () => string
}

type Refused = Refusal<CredentialCode>
export type Mint = (request: JwtSvidRequest, now: number) => Promise<Result<JwtSvid, Refused>>

/** @throws TypeError for options that could never give a token that clouds accept */
export function createMint(options: MintOptions): Mint {
  assertIssuerUrl(options.issuerUrl)
  const { tokenTtlSeconds: ttl, keys } = options
  if (!Number.isInteger(ttl) || ttl < MIN_TOKEN_TTL || ttl > MAX_TOKEN_TTL) {
    throw new TypeError(
      `issuer tokenTtl must be ${MIN_TOKEN_TTL} to ${MAX_TOKEN_TTL} whole seconds`,
    )
  }
  return async (request, now) => {
    const refreshed = await keys.refresh()
    if (!refreshed.ok) return refreshed
    const signer = signerFor(request, keys, now)
    if (!signer.ok) return signer
    const issuedAt = Math.floor(now / 1000) - BACKDATE
    const claims = {
      // First, so that nothing of it can take a registered claim's place.
      ...request.cloudClaims,
      iss: options.issuerUrl,
      sub: request.subject,
      aud: request.audience,
      iat: issuedAt,
      nbf: issuedAt,
      exp: issuedAt + ttl,
      jti: options.randomId(),
      svidgate: agentClaims(request),
    }
    const token = await signCompact(signer.value, claims)
    if (!token.ok) return token
    return ok({ token: new Secret(token.value), expiresAt: claims.exp * 1000 })
  }
}

function signerFor(
  { algorithm = 'RS256' }: JwtSvidRequest,
  keys: IssuerKeySource,
  now: number,
): Result<TokenSigner, Refused> {
  const signer = keys.current().signers.get(algorithm)
  if (signer === undefined) {
    const detail = `the issuer has no key for ${algorithm}: see issuer.algorithms`
    return err(refusal('ERR_SG_CREDENTIAL_CONFIG', detail, 'IS-2'))
  }
  if (signer.signsFrom > now) {
    // Clouds that keep an older set of keys would refuse the token, and may bar the key for longer.
    const detail = `issuer key ${signer.kid} signs from ${formatRfc3339(signer.signsFrom)} on`
    return err(refusal('ERR_SG_CREDENTIAL_UNAVAILABLE', detail, 'IS-3'))
  }
  return ok(signer)
}

/** JWS compact serialisation (RFC 7515 §7.1). */
async function signCompact(signer: TokenSigner, claims: object): Promise<Result<string, Refused>> {
  const header = { alg: signer.algorithm, kid: signer.kid, typ: 'JWT' }
  const input = `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(claims))}`
  const signature = await signer.sign(Buffer.from(input, 'latin1'))
  if (!signature.ok) return signature
  return ok(`${input}.${signature.value.toString('base64url')}`)
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url')
}

/** The one private claim of ours: for attribute mappings and conditions of clouds that can read it. */
function agentClaims({ peer, subject }: JwtSvidRequest): Readonly<Record<string, string>> {
  return {
    // Where `sub` is not the whole SPIFFE ID: a role's name, or a digest that fits the cloud.
    ...(subject === peer.spiffeId ? {} : { spiffe_id: peer.spiffeId }),
    ...(peer.tenant === undefined ? {} : { tenant: peer.tenant }),
    ...(peer.agent === undefined ? {} : { agent: peer.agent }),
    ...(peer.role === undefined ? {} : { role: peer.role }),
  }
}
