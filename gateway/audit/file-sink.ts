// Records in files: JSON lines, each file a signed hash chain (chain.ts), written in batches.
//
// Promises: what `append` resolved is on disk as configured, in the order of the calls; what could
// not be written rejects, and nothing is judged writable again until a fresh file has been opened. A
// file whose write failed is never written to again, so a torn line can only be a file's last.
// Trusts: the directory's owner and the file system's word that synced is synced.

import { GatewayError } from '../errors.ts'
import type { StopTimer, Timers } from '../util/timers.ts'
import { nodeAuditFs } from './audit-fs.ts'
import { AuditSetupError, errorCode } from './audit-key.ts'
import type { RecordLink } from './chain.ts'
import type { AuditEvent, AuditLog } from './event.ts'
import { FILE_SINK_LIMITS } from './file-sink-options.ts'
import type { AuditObserver, FileSinkLimits, FileSinkOptions } from './file-sink-options.ts'
import { Gathering } from './gathering.ts'
import { prepareEvent, preparedSize } from './record.ts'
import type { PreparedRecord } from './record.ts'
import { SegmentWriter } from './segment-writer.ts'
import type { SegmentSettings } from './segment-writer.ts'
import { lastRecord } from './segments.ts'

/**
 * One ticker for checkpoints, stalls and recovery. Time is counted in its ticks: a clock that is set
 * or a process that was stopped for a while must not look like a disk that hangs.
 */
const TICK_MS = 1000
/** How long a record that nobody waits for may wait for company. */
const SOON_MS = 20
/** A batch of this many UTF-16 units is company enough. */
const ENOUGH = 128 * 1024
/** One write takes about this much at most, so that memory stays bounded. */
const MAX_BATCH = 4 * 1024 * 1024
const GROUP_OR_WORLD_WRITABLE = 0o022

interface Pending {
  readonly record: PreparedRecord
  readonly size: number
  resolve(): void
  reject(error: Error): void
}

/** Opens the directory's next file. Throws AuditSetupError where that cannot be done. */
export async function openFileSink(options: FileSinkOptions): Promise<AuditLog> {
  const { dir } = options
  const fs = options.fs ?? nodeAuditFs
  try {
    const mode = await fs.ensureDirectory(dir)
    if ((mode & GROUP_OR_WORLD_WRITABLE) !== 0) {
      throw new AuditSetupError(
        `the audit directory ${dir} can be written by others (mode ${mode.toString(8)})`,
        `run: chmod 700 ${dir}`,
      )
    }
    const settings: SegmentSettings = { ...options, fs }
    const previous = await lastRecord(fs, dir)
    const segment = await SegmentWriter.open(settings, previous?.link)
    return new FileSink(options, settings, segment)
  } catch (cause) {
    if (cause instanceof AuditSetupError) throw cause
    throw new AuditSetupError(
      `cannot write to the audit directory ${dir}: ${errorCode(cause)}`,
      'no request is served without its record: check the owner, the mount and the free space',
      { cause },
    )
  }
}

class FileSink implements AuditLog {
  readonly #timers: Timers
  readonly #settings: SegmentSettings
  readonly #limits: FileSinkLimits
  readonly #observer: AuditObserver | undefined
  readonly #stopTicking: StopTimer
  #ticks = 0
  #queue: Pending[] = []
  #queued = 0
  #overflowed = false
  /** Undefined after a failure, until a fresh file could be opened. */
  #segment: SegmentWriter | undefined
  /** The last record that is known to be written: a fresh file links to it. */
  #committed: RecordLink
  /** What the writer is busy with, for the stall watch. */
  #inFlight: { readonly items: readonly Pending[]; readonly sinceTick: number } | undefined
  /** The mark of the writer at work: there is one at a time. */
  #writer: object | undefined
  #running: Promise<void> | undefined
  #recovering: Promise<void> | undefined
  #closing: Promise<void> | undefined
  /** Starts at one: a file's first record is worth a signature too, as it covers the file before. */
  #sinceCheckpoint = 1
  #lastCheckpointTick = 0
  #checkpointDue = false
  readonly #gathering: Gathering
  /** A timer that starts the writer for records that nobody waits for. */
  #stopWaiting: StopTimer | undefined

  constructor(options: FileSinkOptions, settings: SegmentSettings, segment: SegmentWriter) {
    this.#timers = options.timers
    this.#settings = settings
    this.#limits = { ...FILE_SINK_LIMITS, ...options.limits }
    this.#observer = options.observer
    this.#gathering = new Gathering(options.timers, this.#limits.gatherMs)
    this.#segment = segment
    this.#committed = segment.last
    this.#stopTicking = options.timers.every(TICK_MS, () => {
      this.#tick()
    })
  }

  get isWritable(): boolean {
    return this.#segment !== undefined && !this.#overflowed && this.#closing === undefined
  }

  append(event: AuditEvent, when: 'now' | 'soon' = 'now'): Promise<void> {
    if (this.#closing !== undefined) return this.#refuse('CLOSED')
    if (this.#segment === undefined) return this.#refuse('UNAVAILABLE')
    let record: PreparedRecord
    try {
      record = prepareEvent(event)
    } catch (cause) {
      return this.#refuse('INVALID_EVENT', cause)
    }
    const size = preparedSize(record)
    if (this.#queued + size > this.#limits.maxQueued) {
      this.#overflowed = true
      return this.#refuse('OVERFLOW')
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ record, size, resolve, reject })
      this.#queued += size
      if (this.#queued >= ENOUGH) this.#gathering.end()
      if (when === 'now') this.#run()
      else this.#runSoon()
    })
  }

  close(): Promise<void> {
    this.#closing ??= this.#withDeadline(this.#finish()).finally(this.#stopTicking)
    return this.#closing
  }

  async #finish(): Promise<void> {
    this.#stopWaiting?.()
    this.#gathering.end()
    if (this.#queue.length > 0 && this.#segment !== undefined) this.#run()
    await this.#recovering
    await this.#running
    const segment = this.#segment
    this.#segment = undefined
    await segment?.finish()
  }

  #refuse(cause: string, error?: unknown): Promise<never> {
    this.#observer?.failed(1, cause)
    return Promise.reject(unavailable(cause, error))
  }

  /** Starts the writer where it is not at work; it takes up what this turn of the loop appends. */
  #run(): void {
    if (this.#writer !== undefined) return
    const writer = {}
    this.#writer = writer
    this.#running = new Promise((resolve) => {
      setImmediate(() => resolve(this.#writeAll(writer)))
    })
  }

  #runSoon(): void {
    if (this.#writer !== undefined || this.#stopWaiting !== undefined) return
    this.#stopWaiting = this.#timers.after(SOON_MS, () => {
      this.#stopWaiting = undefined
      this.#run()
    })
  }

  async #writeAll(writer: object): Promise<void> {
    try {
      while (this.#queue.length > 0 || this.#checkpointDue) {
        const segment = this.#segment
        if (segment === undefined || !(await this.#writeBatch(segment))) return
        if (segment.bytes >= this.#limits.rotateBytes) await this.#rotate(segment)
        if (this.#queue.length > 0 && this.#closing === undefined) await this.#gathering.wait()
      }
    } finally {
      // After a stall another writer is at work: only our own mark is taken away, and in the turn
      // in which the queue was seen empty, so that no record falls between.
      if (this.#writer === writer) this.#writer = undefined
    }
  }

  /** False: the file was given up. */
  async #writeBatch(segment: SegmentWriter): Promise<boolean> {
    const items = this.#takeBatch()
    this.#inFlight = { items, sinceTick: this.#ticks }
    let bytes: number
    try {
      bytes = await segment.write(preparedOf(items), this.#takeCheckpoint(items.length))
    } catch (error) {
      await this.#giveUp(segment, errorCode(error))
      return false
    }
    if (this.#segment !== segment) {
      // Given up as stalled: what waited was refused, and a late success changes nothing.
      await segment.discard()
      return false
    }
    this.#inFlight = undefined
    this.#committed = segment.last
    this.#overflowed = false
    this.#observer?.written(items.length, bytes)
    for (const item of items) item.resolve()
    return true
  }

  #takeBatch(): readonly Pending[] {
    let size = 0
    let count = 0
    for (const item of this.#queue) {
      if (count > 0 && size + item.size > MAX_BATCH) break
      size += item.size
      count += 1
    }
    this.#queued -= size
    return this.#queue.splice(0, count)
  }

  #takeCheckpoint(records: number): boolean {
    this.#sinceCheckpoint += records
    if (!this.#checkpointDue && this.#sinceCheckpoint < this.#limits.checkpointEveryRecords) {
      return false
    }
    this.#checkpointed()
    return true
  }

  #checkpointed(): void {
    this.#checkpointDue = false
    this.#sinceCheckpoint = 0
    this.#lastCheckpointTick = this.#ticks
  }

  async #rotate(segment: SegmentWriter): Promise<void> {
    this.#inFlight = { items: [], sinceTick: this.#ticks }
    try {
      await segment.finish()
      const next = await SegmentWriter.open(this.#settings, segment.last)
      if (this.#segment !== segment) {
        await next.discard()
        return
      }
      this.#checkpointed()
      this.#segment = next
      this.#committed = next.last
      this.#inFlight = undefined
    } catch (error) {
      await this.#giveUp(segment, errorCode(error))
    }
  }

  async #giveUp(segment: SegmentWriter, cause: string): Promise<void> {
    if (this.#segment === segment) this.#abandon(cause)
    await segment.discard()
  }

  /** Refuses everything that waits; a fresh file is tried at each tick. */
  #abandon(cause: string): void {
    this.#segment = undefined
    this.#checkpointDue = false
    this.#sinceCheckpoint += 1
    const items = [...(this.#inFlight?.items ?? []), ...this.#queue.splice(0)]
    this.#inFlight = undefined
    this.#queued = 0
    this.#observer?.failed(items.length, cause)
    const error = unavailable(cause)
    for (const item of items) item.reject(error)
  }

  #tick(): void {
    this.#ticks += 1
    if (this.#segment === undefined) {
      if (this.#closing === undefined) this.#recovering ??= this.#recover()
      return
    }
    if (
      this.#inFlight !== undefined &&
      this.#elapsed(this.#inFlight.sinceTick) > this.#limits.stallMs
    ) {
      this.#abandon('STALLED')
      // That writer still waits for the call that hangs; the next file gets one of its own.
      this.#writer = undefined
      this.#running = undefined
      return
    }
    if (
      this.#sinceCheckpoint > 0 &&
      this.#elapsed(this.#lastCheckpointTick) >= this.#limits.checkpointEveryMs
    ) {
      this.#checkpointDue = true
      this.#run()
    }
  }

  #elapsed(sinceTick: number): number {
    return (this.#ticks - sinceTick) * TICK_MS
  }

  async #recover(): Promise<void> {
    try {
      const segment = await SegmentWriter.open(this.#settings, this.#committed)
      this.#segment = segment
      this.#committed = segment.last
      this.#overflowed = false
      this.#observer?.recovered()
    } catch (error) {
      this.#observer?.failed(0, errorCode(error))
    } finally {
      this.#recovering = undefined
    }
  }

  /** Closing waits for a disk that hangs no longer than a request does. */
  async #withDeadline(work: Promise<void>): Promise<void> {
    let stop: StopTimer | undefined
    const deadline = new Promise<void>((resolve) => {
      stop = this.#timers.every(this.#limits.stallMs, resolve)
    })
    try {
      await Promise.race([work, deadline])
    } finally {
      stop?.()
    }
  }
}

function preparedOf(items: readonly Pending[]): readonly PreparedRecord[] {
  return items.map((item) => item.record)
}

function unavailable(cause: string, error?: unknown): GatewayError {
  return new GatewayError(
    'ERR_SG_AUDIT_UNAVAILABLE',
    `a record could not be written: ${cause}`,
    error === undefined ? {} : { cause: error },
  )
}
