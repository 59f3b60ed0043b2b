// The one budget for bodies that are held in memory because facts depend on them.

export class InspectedBytes {
  #left: number

  /** @param limit bytes, over all requests */
  constructor(limit: number) {
    this.#left = limit
  }

  /** False: there is no room, and nothing was taken. */
  take(bytes: number): boolean {
    if (bytes > this.#left) return false
    this.#left -= bytes
    return true
  }

  give(bytes: number): void {
    this.#left += bytes
  }
}
