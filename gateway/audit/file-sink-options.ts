// What the file sink is given: where, how safe, how much, and who hears of it.

import type { Clock } from '../util/clock.ts'
import type { Timers } from '../util/timers.ts'
import type { AuditFs } from './audit-fs.ts'
import type { AuditSigner } from './chain.ts'
import type { FsyncMode } from './segment-writer.ts'

export interface FileSinkOptions {
  readonly dir: string
  readonly fsync: FsyncMode
  readonly signer: AuditSigner
  /** Name and version of this program, for the files' first records. */
  readonly software: string
  readonly clock: Clock
  readonly timers: Timers
  /** A UUID. */
  readonly newId: () => string
  readonly limits?: Partial<FileSinkLimits>
  readonly fs?: AuditFs
  readonly observer?: AuditObserver
}

export interface FileSinkLimits {
  /** A checkpoint is due after so many milliseconds, if anything was written since the last. */
  readonly checkpointEveryMs: number
  /** … and after so many records. */
  readonly checkpointEveryRecords: number
  /** A file that has grown to this is closed and the next one opened. */
  readonly rotateBytes: number
  /** What may wait to be written, in UTF-16 units of record text; beyond it `append` rejects. */
  readonly maxQueued: number
  /** A write that takes longer counts as failed: a disk that hangs must not hang every request. */
  readonly stallMs: number
  /** How long a busy writer waits for company before its next batch; 0: not at all. */
  readonly gatherMs: number
}

/** Hears what became of records: for metrics and the log. */
export interface AuditObserver {
  written(records: number, bytes: number): void
  /** `cause`: a file system's error code or one of ours in capitals; never a record's content. */
  failed(records: number, cause: string): void
  recovered(): void
}

export const FILE_SINK_LIMITS: FileSinkLimits = {
  checkpointEveryMs: 60_000,
  checkpointEveryRecords: 10_000,
  rotateBytes: 256 * 1024 * 1024,
  maxQueued: 16 * 1024 * 1024,
  stallMs: 10_000,
  gatherMs: 1,
}
