// What a file sink tells whoever watches, as events that a test can wait for.

import { EventEmitter, once } from 'node:events'
import type { AuditObserver } from '../../gateway/audit/file-sink-options.ts'

const DEADLINE_MS = 10_000

export class SinkEvents implements AuditObserver {
  /** Causes, in order. */
  readonly failures: string[] = []
  recoveries = 0
  readonly #emitter = new EventEmitter()

  written(): void {
    this.#emitter.emit('written')
  }

  failed(_records: number, cause: string): void {
    this.failures.push(cause)
    this.#emitter.emit('failed')
  }

  recovered(): void {
    this.recoveries += 1
    this.#emitter.emit('recovered')
  }

  /** The next event of a kind; ask before what brings it. */
  async next(kind: 'written' | 'failed' | 'recovered'): Promise<void> {
    await once(this.#emitter, kind, { signal: AbortSignal.timeout(DEADLINE_MS) })
  }
}
