// What an identity source tells, for tests to wait for.

import { EventEmitter, once } from 'node:events'
import type { SourceEvent, SourceObserver } from '../../gateway/spiffe/source.ts'

export class SourceEvents implements SourceObserver {
  readonly all: SourceEvent[] = []
  changes = 0
  readonly #emitter = new EventEmitter()
  #seen = 0

  changed(): void {
    this.changes += 1
  }

  happened(event: SourceEvent): void {
    this.all.push(event)
    this.#emitter.emit('event')
  }

  /** The next event from here on that is such. */
  async next(part: SourceEvent['part'], result: SourceEvent['result']): Promise<SourceEvent> {
    for (;;) {
      while (this.#seen < this.all.length) {
        const event = this.all[this.#seen]
        this.#seen += 1
        if (event?.part === part && event.result === result) return event
      }
      await once(this.#emitter, 'event')
    }
  }
}
