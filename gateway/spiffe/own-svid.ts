// The gateway's own SVID, from wherever it comes: judged by the same validator as an agent's, before
// anyone is shown it. One whose key is another, that has expired or that names somebody else is not
// taken over, and the one before stays.

import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { err, ok } from '../util/result.ts'
import type { Result } from '../util/result.ts'
import { Secret } from '../util/secret.ts'
import { writePem } from './pem.ts'
import type { OwnSvid } from './source.ts'
import type { TrustBundleSet } from './trust-bundle.ts'
import { verifyX509Svid } from './verify.ts'
import { parseCertificate } from './x509-svid.ts'

export interface OwnSvidParts {
  /** DER, the leaf first. */
  readonly chain: readonly Buffer[]
  /** PEM, or PKCS#8 in DER. */
  readonly key: Secret | Buffer
  readonly trustDomain: string
  readonly bundles: TrustBundleSet
  /** ms since the epoch. */
  readonly now: number
}

/** Which of the two is wrong, and how; a text about a key says nothing of it. */
export interface OwnSvidProblem {
  readonly part: 'certificate' | 'key'
  readonly message: string
}

export function makeOwnSvid(parts: OwnSvidParts): Result<OwnSvid, OwnSvidProblem> {
  const { chain, trustDomain, bundles, now } = parts
  const verified = verifyX509Svid(chain, bundles, now)
  if (!verified.ok) {
    const { code, detail } = verified.error
    return err({ part: 'certificate', message: `${detail} (${code})` })
  }
  const { id, expiresAt } = verified.value
  if (id.trustDomain !== trustDomain) {
    return err({ part: 'certificate', message: `${id.text} is not of ${trustDomain}` })
  }
  const key = privateKeyOf(parts.key)
  const [leaf] = chain
  if (key === undefined || leaf === undefined || !isKeyOf(key, leaf)) {
    return err({ part: 'key', message: 'not the private key of' })
  }
  const keyPem = new Secret(key.export({ format: 'pem', type: 'pkcs8' }).toString())
  const certPem = chain.map((der) => writePem('CERTIFICATE', der)).join('')
  return ok(Object.freeze({ id, certPem, keyPem, expiresAt }))
}

function privateKeyOf(key: Secret | Buffer): KeyObject | undefined {
  try {
    return key instanceof Secret
      ? createPrivateKey(key.reveal())
      : createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  } catch {
    // Not a private key that OpenSSL can read; its message could quote the bytes, so it goes.
    return undefined
  }
}

function isKeyOf(key: KeyObject, leaf: Buffer): boolean {
  const certificate = parseCertificate(leaf)
  if (!certificate.ok) return false
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return spki.equals(certificate.value.spki)
}
