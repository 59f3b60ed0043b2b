// What signs a token: a key of ours, or a program that has the key (`command-signer.ts`). A signer
// answers with the signature of a JWS (RFC 7518 §3.3, §3.4), which for ES256 is r and s, not DER.

import { sign, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { CredentialCode, Refusal } from '../errors.ts'
import { ok, type Result } from '../util/result.ts'
import type { IssuerAlgorithm } from './algorithms.ts'

export interface TokenSigner {
  readonly algorithm: IssuerAlgorithm
  readonly kid: string
  /** ms since the epoch: no token before. */
  readonly signsFrom: number
  /** @param input the JWS Signing Input (RFC 7515 §5.1) */
  sign(input: Buffer): Promise<Result<Buffer, Refusal<CredentialCode>>>
}

export interface LocalKey {
  readonly algorithm: IssuerAlgorithm
  readonly kid: string
  readonly signsFrom: number
  readonly privateKey: KeyObject
}

const signInPool = promisify(sign)

/** Signs in the thread pool: an RSA signature takes most of a millisecond. */
export function localSigner({ algorithm, kid, signsFrom, privateKey }: LocalKey): TokenSigner {
  const key =
    algorithm === 'ES256' ? { key: privateKey, dsaEncoding: 'ieee-p1363' as const } : privateKey
  return Object.freeze({
    algorithm,
    kid,
    signsFrom,
    sign: async (input: Buffer) => ok(await signInPool('sha256', input, key)),
  })
}
