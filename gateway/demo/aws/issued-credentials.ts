// The credentials that the sandbox STS handed out and the sandbox S3 accepts: the only thing that
// the two services share. Nothing else opens the sandbox: there are no long-lived keys.

import { randomBytes } from 'node:crypto'
import type { IssuedSecrets } from '../sandbox/issued-secrets.ts'
import type { IamPolicy } from './iam-policy.ts'

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

export interface IssuedCredential {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  /** ms since the epoch */
  readonly expiresAt: number
  readonly account: string
  readonly roleArn: string
  readonly sessionName: string
  /** `arn:aws:sts::123456789012:assumed-role/name/session` */
  readonly principalArn: string
  readonly rolePolicy: IamPolicy
  readonly sessionPolicy: IamPolicy | undefined
}

type CredentialGrant = Omit<IssuedCredential, 'accessKeyId' | 'secretAccessKey' | 'sessionToken'>

function randomBase32(length: number): string {
  return Array.from(randomBytes(length), (byte) => BASE32[byte & 31]).join('')
}

export class IssuedCredentials {
  readonly #byKeyId = new Map<string, IssuedCredential>()
  readonly #now: () => number

  readonly #secrets: IssuedSecrets

  constructor(now: () => number, secrets: IssuedSecrets) {
    this.#now = now
    this.#secrets = secrets
  }

  issue(grant: CredentialGrant): IssuedCredential {
    this.#forgetLongExpired()
    const credential: IssuedCredential = Object.freeze({
      ...grant,
      accessKeyId: `ASIA${randomBase32(16)}`,
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: `IQoJb3JpZ2luX2Vj${randomBytes(384).toString('base64')}`,
    })
    this.#byKeyId.set(credential.accessKeyId, credential)
    this.#secrets.add(credential.sessionToken, {
      name: `session token of ${credential.principalArn}`,
      doors: ['s3'],
    })
    return credential
  }

  /** Expired ones included, so that the answer can be ExpiredToken. */
  find(accessKeyId: string): IssuedCredential | undefined {
    return this.#byKeyId.get(accessKeyId)
  }

  #forgetLongExpired(): void {
    const horizon = this.#now() - 24 * 3600 * 1000
    for (const [id, credential] of this.#byKeyId) {
      if (credential.expiresAt < horizon) this.#byKeyId.delete(id)
    }
  }
}
