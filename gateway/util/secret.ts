// A value that must never be printed. Whoever needs the text says so with `reveal()`, which is
// easy to search for; every other way of turning it into text yields a placeholder.

import { inspect } from 'node:util'

const PLACEHOLDER = '[secret]'

export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return PLACEHOLDER
  }

  toJSON(): string {
    return PLACEHOLDER
  }

  [inspect.custom](): string {
    return PLACEHOLDER
  }
}
