// One audit file while it is being written: its chain, its bytes, its syncs. Whoever gets a
// rejection from it must give it up: what the file then holds at its end is not known, and a chain
// continues only behind a known record.

import { join } from 'node:path'
import type { Clock } from '../util/clock.ts'
import type { AuditFile, AuditFs } from './audit-fs.ts'
import { openChain } from './chain.ts'
import type { AuditSigner, Chain, CheckpointType, RecordLink } from './chain.ts'
import { NO_HASH } from './record.ts'
import type { PreparedRecord } from './record.ts'
import { createSegment } from './segments.ts'

/** `group`: a record counts once a sync covers it, one sync for all that wait. `none`: once written. */
export type FsyncMode = 'group' | 'none'

export interface SegmentSettings {
  readonly dir: string
  readonly fs: AuditFs
  readonly fsync: FsyncMode
  readonly signer: AuditSigner
  readonly software: string
  readonly clock: Clock
  readonly newId: () => string
}

export class SegmentWriter {
  readonly #settings: SegmentSettings
  readonly #file: AuditFile
  readonly #chain: Chain
  #bytes = 0
  #closed: Promise<void> | undefined

  private constructor(settings: SegmentSettings, file: AuditFile, chain: Chain) {
    this.#settings = settings
    this.#file = file
    this.#chain = chain
  }

  /** Makes the directory's next file and writes its first record. */
  static async open(
    settings: SegmentSettings,
    previous: RecordLink | undefined,
  ): Promise<SegmentWriter> {
    const { fs, dir, clock, signer } = settings
    const now = clock.now()
    const { file, name } = await createSegment(fs, dir, now, settings.fsync === 'group')
    try {
      const chain = openChain(
        {
          file: name,
          id: settings.newId(),
          keyId: signer.keyId,
          software: settings.software,
          timestamp: new Date(now).toISOString(),
          previous,
          prev: previous?.hash ?? NO_HASH,
        },
        signer,
      )
      const writer = new SegmentWriter(settings, file, chain)
      await writer.#write()
      if (settings.fsync === 'group') await fs.syncDirectory(dir)
      return writer
    } catch (error) {
      await closeQuietly(file)
      // Nothing of worth is in it, and a full disk must not fill with files that failed.
      await fs.remove(join(dir, name)).catch(() => undefined)
      throw error
    }
  }

  /** The record sealed last. */
  get last(): RecordLink {
    return this.#chain.last
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Writes records, and a checkpoint behind them if asked; resolves with the bytes written. */
  write(records: readonly PreparedRecord[], withCheckpoint: boolean): Promise<number> {
    for (const record of records) this.#chain.append(record)
    if (withCheckpoint) this.#checkpoint('checkpoint')
    return this.#write()
  }

  /** Ends the chain with its `close` record and closes the file. */
  async finish(): Promise<void> {
    try {
      this.#checkpoint('close')
      await this.#write()
    } finally {
      await this.discard()
    }
  }

  /** Closes the file as it is. Once only: a number closed twice may be another file's by then. */
  discard(): Promise<void> {
    this.#closed ??= closeQuietly(this.#file)
    return this.#closed
  }

  #checkpoint(type: CheckpointType): void {
    this.#chain.checkpoint(type, new Date(this.#settings.clock.now()).toISOString())
  }

  async #write(): Promise<number> {
    const data = this.#chain.takeLines()
    let offset = 0
    while (offset < data.length) {
      const written = await this.#file.write(offset === 0 ? data : data.subarray(offset))
      if (written <= 0) throw new Error('the file system took no bytes')
      offset += written
    }
    if (this.#settings.fsync === 'group') await this.#file.sync()
    this.#bytes += data.length
    return data.length
  }
}

/** What matters was written and synced before; an error at close cannot take it back. */
async function closeQuietly(file: AuditFile): Promise<void> {
  await file.close().catch(() => undefined)
}
