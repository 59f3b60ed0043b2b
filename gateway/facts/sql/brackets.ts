// Open brackets of every kind, each with what the reader knew of the text around it.

/** Deeper texts are refused; generated queries stay far below, and BigQuery has a limit of its own. */
export const MAX_DEPTH = 128

const CLOSING: ReadonlyMap<number, number> = new Map([
  [0x28, 0x29],
  [0x5b, 0x5d],
  [0x7b, 0x7d],
])

export class Brackets {
  readonly #closing: number[] = []
  readonly #outside: number[] = []

  get depth(): number {
    return this.#closing.length
  }

  /** False when the text is nested too deep. */
  open(code: number, outside: number): boolean {
    if (this.depth >= MAX_DEPTH) return false
    this.#closing.push(CLOSING.get(code) ?? 0)
    this.#outside.push(outside)
    return true
  }

  /** What was kept; undefined when another bracket has to be closed first, or none. */
  close(code: number): number | undefined {
    return this.#closing.pop() === code ? this.#outside.pop() : undefined
  }
}
