// The port by which minting, checking and publishing get the keys that are in force. Keys come and
// go while the gateway runs, so nobody keeps what `current` gave for longer than one use.

import type { KeyObject } from 'node:crypto'
import type { CredentialCode, Refusal } from '../errors.ts'
import { ok, type Result } from '../util/result.ts'
import type { IssuerAlgorithm, PublicJwk } from './algorithms.ts'
import type { TokenSigner } from './signer.ts'

export interface VerificationKey {
  readonly jwk: PublicJwk
  readonly publicKey: KeyObject
}

/** One immutable set. */
export interface IssuerKeys {
  readonly signers: ReadonlyMap<IssuerAlgorithm, TokenSigner>
  /** What the clouds are told; never empty, no key twice. */
  readonly published: readonly VerificationKey[]
}

export interface IssuerKeySource {
  current(): IssuerKeys
  /**
   * Before a token is signed: what is in force now. Refused: nobody can say, and then nothing is
   * signed, because the key may have been dropped.
   */
  refresh(): Promise<Result<void, Refusal<CredentialCode>>>
  close(): void
}

/** Keys that change only with a restart. */
export function fixedKeySource(keys: IssuerKeys): IssuerKeySource {
  return {
    current: () => keys,
    refresh: () => Promise.resolve(ok(undefined)),
    close: () => undefined,
  }
}
