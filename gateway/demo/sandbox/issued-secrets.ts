// Every secret that a sandbox cloud gave out, under a name that may be shown, with the services that
// it is for: so that each request can be searched for all of them, and a credential that reaches the
// wrong door, or an agent, is seen.

import type { SandboxService } from './service.ts'

export interface IssuedSecret {
  /** `access token 1 of <principal>`: never the secret itself. */
  readonly name: string
  /** Where it may be presented. */
  readonly doors: readonly SandboxService[]
}

export class IssuedSecrets {
  readonly #secrets = new Map<string, IssuedSecret>()

  add(secret: string, issued: IssuedSecret): void {
    this.#secrets.set(secret, issued)
  }

  /** All that the text holds, whole. */
  findIn(text: string): readonly IssuedSecret[] {
    const found: IssuedSecret[] = []
    for (const [secret, issued] of this.#secrets) if (text.includes(secret)) found.push(issued)
    return found
  }

  get issued(): readonly IssuedSecret[] {
    return [...this.#secrets.values()]
  }
}
