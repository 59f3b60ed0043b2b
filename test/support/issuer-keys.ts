// A set of issuer keys in memory, made once for the tests of a file.

import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { fixedKeySource, type IssuerKeySource } from '../../gateway/issuer/key-source.ts'
import { localSigner } from '../../gateway/issuer/signer.ts'

export interface TestKeys {
  readonly keys: IssuerKeySource
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
  const signer = localSigner({ algorithm: 'RS256', kid, signsFrom: 0, privateKey })
  const keys = fixedKeySource({
    signers: new Map([['RS256', signer]]),
    published: [{ jwk, publicKey }],
  })
  return { keys, privateKey, publicKey, kid }
}
