// Every secret that a sandbox cloud gave out, by a name that may be shown: so that each request can
// be searched for all of them, and a credential that reaches the wrong door is seen there.

export class IssuedSecrets {
  readonly #names = new Map<string, string>()

  /** `name`: `acme-data token 1 of <principal>`, never the secret itself. */
  add(secret: string, name: string): void {
    this.#names.set(secret, name)
  }

  /** The names of all secrets that the text holds, whole. */
  findIn(text: string): readonly string[] {
    const found: string[] = []
    for (const [secret, name] of this.#names) if (text.includes(secret)) found.push(name)
    return found
  }

  get size(): number {
    return this.#names.size
  }
}
