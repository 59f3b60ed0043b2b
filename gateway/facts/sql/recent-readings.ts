// SQL texts that were read a moment ago. The text of a query is read twice for each request: in the body
// that came, and in the body as it was written anew, where it must mean the same. Reading is pure and
// its result is never changed, so the same text is the same reading; another text never is.

import type { Result } from '../../util/result.ts'
import type { SqlRefusal, SqlText } from './sql-text.ts'

/** More than are under way between the two readings of a request. */
const MOST_KEPT = 8
/** UTF-16 units of the longest text that is kept. A kept text may keep the body alive that it is a part of. */
const LONGEST_KEPT = 64 * 1024

type Reading = Result<SqlText, SqlRefusal>

export class RecentReadings {
  readonly #readText: (text: string) => Reading
  /** The newest first. */
  readonly #kept: { readonly text: string; readonly reading: Reading }[] = []

  constructor(readText: (text: string) => Reading) {
    this.#readText = readText
  }

  read(text: string): Reading {
    for (const kept of this.#kept) if (kept.text === text) return kept.reading
    const reading = this.#readText(text)
    if (text.length > LONGEST_KEPT) return reading
    if (this.#kept.length >= MOST_KEPT) this.#kept.pop()
    this.#kept.unshift({ text, reading })
    return reading
  }
}
