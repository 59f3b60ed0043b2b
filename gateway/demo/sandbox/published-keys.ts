// The issuer's keys, learnt the way a cloud learns them: discovery document, then the JWKS it names
// (OpenID Connect Discovery 1.0 §4, RFC 7517). Cached; asked again for a key id that is not known.

import { createPublicKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { err, ok } from '../../util/result.ts'
import type { Result } from '../../util/result.ts'
import { invalidToken } from './jwt.ts'
import type { TokenProblem } from './jwt.ts'

const MAX_KEYS = 100
const MIN_MODULUS_BITS = 2048
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

interface PublishedKeysOptions {
  readonly issuer: string
  /** Gets a document and parses it as JSON; rejects when it cannot be had. */
  readonly fetchJson: (url: string) => Promise<unknown>
}

function unusable(why: string): TokenProblem {
  return invalidToken(`Couldn't retrieve verification key from your identity provider (${why})`)
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined
}

function parseKey(jwk: unknown): { kid: string; key: KeyObject } | string {
  const leaked = PRIVATE_MEMBERS.find((name) => member(jwk, name) !== undefined)
  if (leaked !== undefined) return `a published key holds the private member ${leaked}`
  const kid = member(jwk, 'kid')
  const n = member(jwk, 'n')
  const e = member(jwk, 'e')
  if (member(jwk, 'kty') !== 'RSA' || typeof n !== 'string' || typeof e !== 'string') {
    return 'a published key is not an RSA key'
  }
  if (typeof kid !== 'string' || kid === '') return 'a published key has no kid'
  if (member(jwk, 'use') !== 'sig' || member(jwk, 'alg') !== 'RS256') {
    return `the key ${kid} is not for signing with RS256`
  }
  const key = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' })
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
  return bits >= MIN_MODULUS_BITS ? { kid, key } : `the key ${kid} has ${bits} bits`
}

function parseKeys(document: unknown): Map<string, KeyObject> | string {
  const list = member(document, 'keys')
  if (!Array.isArray(list) || list.length === 0 || list.length > MAX_KEYS) {
    return `the JWKS must hold 1 to ${MAX_KEYS} keys`
  }
  const keys = new Map<string, KeyObject>()
  for (const jwk of list) {
    const parsed = parseKey(jwk)
    if (typeof parsed === 'string') return parsed
    if (keys.has(parsed.kid)) return `two keys have the kid ${parsed.kid}`
    keys.set(parsed.kid, parsed.key)
  }
  return keys
}

export class PublishedKeys {
  readonly #options: PublishedKeysOptions
  #keys: ReadonlyMap<string, KeyObject> = new Map()
  #inFlight: Promise<TokenProblem | undefined> | undefined

  constructor(options: PublishedKeysOptions) {
    this.#options = options
  }

  async find(kid: string): Promise<Result<KeyObject, TokenProblem>> {
    const known = this.#keys.get(kid)
    if (known !== undefined) return ok(known)
    this.#inFlight ??= this.#refresh().finally(() => {
      this.#inFlight = undefined
    })
    const problem = await this.#inFlight
    if (problem !== undefined) return err(problem)
    const found = this.#keys.get(kid)
    if (found !== undefined) return ok(found)
    return err(invalidToken('No published key has the kid of the token'))
  }

  /** The problem, if the keys could not be had; the old ones are kept then. */
  async #refresh(): Promise<TokenProblem | undefined> {
    const { issuer, fetchJson } = this.#options
    let document: unknown
    let jwks: unknown
    try {
      document = await fetchJson(`${issuer}/.well-known/openid-configuration`)
      if (member(document, 'issuer') !== issuer) {
        return unusable('the discovery document names another issuer')
      }
      const uri = member(document, 'jwks_uri')
      if (typeof uri !== 'string') return unusable('the discovery document has no jwks_uri')
      jwks = await fetchJson(uri)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      const message = `The identity provider could not be reached: ${why}`
      return { kind: 'issuer-unreachable', message }
    }
    const keys = parseKeys(jwks)
    if (typeof keys === 'string') return unusable(keys)
    this.#keys = keys
    return undefined
  }
}
