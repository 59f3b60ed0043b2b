// The access tokens that the sandbox STS and the sandbox IAMCredentials gave out: each is bound to a
// principal, scopes and an end. Nothing else opens the sandbox BigQuery.

import { randomBytes } from 'node:crypto'
import type { IssuedSecrets } from '../sandbox/issued-secrets.ts'

export interface Principal {
  /** `principal://iam.googleapis.com/…/subject/…`, or a service account's e-mail address. */
  readonly name: string
  /** Everything that it is a member of, in the spelling of IAM policies; its own name included. */
  readonly members: ReadonlySet<string>
}

export interface AccessToken {
  readonly token: string
  readonly principal: Principal
  readonly scopes: ReadonlySet<string>
  /** ms since the epoch */
  readonly expiresAt: number
}

export class AccessTokens {
  readonly #tokens = new Map<string, AccessToken>()
  readonly #now: () => number
  readonly #secrets: IssuedSecrets
  #count = 0

  constructor(now: () => number, secrets: IssuedSecrets) {
    this.#now = now
    this.#secrets = secrets
  }

  issue(grant: Omit<AccessToken, 'token'>): AccessToken {
    const horizon = this.#now() - 24 * 3600 * 1000
    for (const [token, { expiresAt }] of this.#tokens) {
      if (expiresAt < horizon) this.#tokens.delete(token)
    }
    this.#count += 1
    const token = `ya29.d.${randomBytes(192).toString('base64url')}`
    const issued: AccessToken = Object.freeze({ ...grant, token })
    this.#tokens.set(token, issued)
    this.#secrets.add(token, {
      name: `access token ${this.#count} of ${grant.principal.name}`,
      doors: ['iamcredentials', 'bigquery'],
    })
    return issued
  }

  /** Undefined for one that was never issued, or has expired. */
  find(token: string): AccessToken | undefined {
    const issued = this.#tokens.get(token)
    return issued !== undefined && issued.expiresAt > this.#now() ? issued : undefined
  }
}
