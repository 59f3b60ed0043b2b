// Mints the gateway-issued identity token (JWT-SVID §3): what a cloud trusts
// instead of the agent's certificate. It is minted when a credential is needed, used at once and
// never given to the agent. Header `alg kid typ` only (JWT-SVID §2); times are integers, because
// AWS refuses others.

import { SignJWT } from 'jose'
import type { JwtSvid, JwtSvidRequest } from '../spiffe/jwt-svid.ts'
import { Secret } from '../util/secret.ts'
import { assertIssuerUrl } from './issuer-url.ts'
import { ISSUER_ALGORITHM, type IssuerKeys } from './keys.ts'

/** Seconds, counted from `iat`. */
export const MAX_TOKEN_TTL = 300
export const MIN_TOKEN_TTL = 60

/** Seconds by which `iat` and `nbf` lie back: clouds whose clocks are behind must not refuse. */
export const BACKDATE = 15

export interface MintOptions {
  /** `iss`, byte for byte. */
  readonly issuerUrl: string
  readonly keys: IssuerKeys
  /** `exp` − `iat` */
  readonly tokenTtlSeconds: number
  /** A fresh `jti` each time. */
  readonly randomId: () => string
}

export type Mint = (request: JwtSvidRequest, now: number) => Promise<JwtSvid>

/** @throws TypeError for options that could never give a token that clouds accept */
export function createMint(options: MintOptions): Mint {
  assertIssuerUrl(options.issuerUrl)
  const { tokenTtlSeconds: ttl } = options
  if (!Number.isInteger(ttl) || ttl < MIN_TOKEN_TTL || ttl > MAX_TOKEN_TTL) {
    throw new TypeError(
      `issuer tokenTtl must be ${MIN_TOKEN_TTL} to ${MAX_TOKEN_TTL} whole seconds`,
    )
  }
  const header = { alg: ISSUER_ALGORITHM, kid: options.keys.active.kid, typ: 'JWT' }
  return async (request, now) => {
    const issuedAt = Math.floor(now / 1000) - BACKDATE
    const claims = {
      iss: options.issuerUrl,
      sub: request.subject,
      aud: request.audience,
      iat: issuedAt,
      nbf: issuedAt,
      exp: issuedAt + ttl,
      jti: options.randomId(),
      svidgate: agentClaims(request),
    }
    const jwt = new SignJWT(claims).setProtectedHeader(header)
    const token = await jwt.sign(options.keys.active.privateKey)
    return { token: new Secret(token), expiresAt: claims.exp * 1000 }
  }
}

/** The one private claim: for attribute mappings and conditions of clouds that can read it. */
function agentClaims({ peer, subject }: JwtSvidRequest): Readonly<Record<string, string>> {
  return {
    // Where `sub` is not the whole SPIFFE ID: a role's name, or a digest that fits the cloud.
    ...(subject === peer.spiffeId ? {} : { spiffe_id: peer.spiffeId }),
    ...(peer.tenant === undefined ? {} : { tenant: peer.tenant }),
    ...(peer.agent === undefined ? {} : { agent: peer.agent }),
    ...(peer.role === undefined ? {} : { role: peer.role }),
  }
}
