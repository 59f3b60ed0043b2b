// The first value of the chain that carries rules: a request that has exactly one reading. Only
// `request/accept.ts` makes one (checked by dependency-cruiser).

import type { Framing } from './message.ts'

declare const brand: unique symbol

export const METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS'] as const
export type Method = (typeof METHODS)[number]

/** Lower-case names; every value of a name, in wire order. Hop-by-hop and identity names are gone. */
export type HeaderMap = ReadonlyMap<string, readonly string[]>

/** One query parameter, percent-decoded to UTF-8 text. `value` is undefined for a bare `?name`. */
export interface QueryParameter {
  readonly name: string
  readonly value: string | undefined
}

export interface GatewayRequest {
  readonly [brand]: 'GatewayRequest'
  /** Our own id of this request (UUID), never the client's. */
  readonly id: string
  readonly method: Method
  /** Host without port, lower case, LDH labels or an IP literal. */
  readonly host: string
  readonly port: number | undefined
  /** Path bytes exactly as received; starts with `/`; no query. */
  readonly path: string
  /** Decoded once, in wire order. */
  readonly query: readonly QueryParameter[]
  readonly headers: HeaderMap
  readonly framing: Framing
  /** The client sent exactly `Expect: 100-continue` and waits for our word. */
  readonly expectsContinue: boolean
  /** A header, which is gone, asked for another method: some clouds obey it, others do not. */
  readonly overridesMethod?: boolean | undefined
}

export type GatewayRequestFields = Omit<GatewayRequest, typeof brand>

export function makeGatewayRequest(fields: GatewayRequestFields): GatewayRequest {
  return Object.freeze(fields) as GatewayRequest
}

/** The value of a header that may appear once at most; undefined when absent. */
export function headerValue(headers: HeaderMap, name: string): string | undefined {
  return headers.get(name)?.[0]
}
