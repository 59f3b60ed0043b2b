// A set of issuer keys in memory, made once for the tests of a file.

import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { IssuerKeys } from '../../gateway/issuer/keys.ts'

export interface TestKeys {
  readonly keys: IssuerKeys
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly kid: string
}

export function issuerKeys(): TestKeys {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const publicKey = createPublicKey(privateKey)
  const { n = '', e = '' } = publicKey.export({ format: 'jwk' })
  const kid = createHash('sha256').update(`{"e":"${e}","kty":"RSA","n":"${n}"}`).digest('base64url')
  const jwk = { kty: 'RSA', n, e, alg: 'RS256', use: 'sig', kid } as const
  const keys = {
    active: { kid, privateKey },
    published: [{ state: 'active', jwk, publicKey }] as const,
  }
  return { keys, privateKey, publicKey, kid }
}
