// Clients that are in the middle of something: an upload that waits, a download that is not read, a
// connection that asks again and again. Each says how it ended.

import type { ConnectionOptions, TLSSocket } from 'node:tls'
import type { SceneOptions } from './scene.ts'
import { ACCOUNT } from './scene.ts'
import type { RawConnection } from './raw-connection.ts'
import { s3Head } from './refusal-scene.ts'
import { LIST_REPORTS, openTls } from './tls-client.ts'

/** More than the sockets between client and cloud hold. */
const DOWN = 16 * 1024 * 1024
const UP = 2 * 1024 * 1024
const PIECE = Buffer.alloc(64 * 1024, 'x')

/** A role that may read and write, and something big to read. */
export const WIDE: SceneOptions = {
  bundle: 'test/fixtures/bundles/wide.tar.gz',
  buckets: [
    {
      name: 'reports',
      owner: ACCOUNT,
      objects: [{ key: '2026/big.bin', content: { syntheticBytes: DOWN } }],
    },
  ],
}

export interface LoadClient {
  /** Resolves when its request has been accepted and is not done. */
  underWay(): Promise<void>
  /** `complete`, or what became of it instead. */
  result(): Promise<string>
}

/** A PUT of which a part has been sent. */
export class Upload implements LoadClient {
  readonly #opened: Promise<RawConnection>

  constructor(options: ConnectionOptions, key: string) {
    this.#opened = openTls(options).then((connection) => {
      connection.write(
        s3Head(
          `PUT /aws/s3/reports/${key}`,
          'x-amz-content-sha256: UNSIGNED-PAYLOAD',
          `content-length: ${UP}`,
          'expect: 100-continue',
        ),
      )
      return connection
    })
  }

  async underWay(): Promise<void> {
    const connection = await this.#opened
    await connection.untilText('100 Continue')
    connection.write(PIECE)
  }

  goOn(): void {
    void this.#opened.then((connection) => {
      for (let sent = PIECE.length; sent < UP; sent += PIECE.length) connection.write(PIECE)
    })
  }

  async result(): Promise<string> {
    return resultOf(await this.#opened)
  }
}

/** A GET whose answer is not read on. */
export class Download implements LoadClient {
  readonly #opened: Promise<RawConnection>

  constructor(options: ConnectionOptions, key: string) {
    this.#opened = openTls(options).then((connection) => {
      connection.write(s3Head(`GET /aws/s3/reports/${key}`))
      return connection
    })
  }

  async underWay(): Promise<void> {
    const connection = await this.#opened
    await connection.untilText('\r\n\r\n')
    connection.socket.pause()
  }

  goOn(): void {
    void this.#opened.then(({ socket }) => socket.resume())
  }

  async result(): Promise<string> {
    const connection = await this.#opened
    // Parsed once, at its end: it is big.
    await connection.until(() => connection.isClosed || connection.length > DOWN)
    const result = await resultOf(connection)
    connection.socket.destroy()
    return result
  }
}

/**
 * One kept-alive connection, a request as soon as there is an answer, until it is told to stop, or
 * until it is closed between two of them: a request that crossed the end of its connection was not
 * accepted, and can be sent again.
 */
export class Loop implements LoadClient {
  readonly #opened: Promise<TLSSocket>
  readonly #done: Promise<string>
  #served = 0
  #onServed: (() => void) | undefined

  constructor(options: ConnectionOptions) {
    this.#opened = openTls(options).then(({ socket }) => socket)
    this.#done = this.#opened.then((socket) => this.#run(socket))
  }

  async underWay(): Promise<void> {
    if (this.#served > 0) return
    await new Promise<void>((resolve) => {
      this.#onServed = resolve
    })
  }

  result(): Promise<string> {
    return this.#done
  }

  #run(socket: TLSSocket): Promise<string> {
    return new Promise((resolve) => {
      let answer = ''
      socket.on('data', (chunk: Buffer) => {
        answer += chunk.toString('latin1')
        if (!/<\/(?:Error|ListBucketResult)>/.test(answer)) return
        this.#served += 1
        this.#onServed?.()
        if (/\r\nconnection: close\r\n/i.test(answer)) return resolve('complete')
        answer = ''
        socket.write(LIST_REPORTS)
      })
      socket.on('close', () => {
        resolve(answer === '' ? 'complete' : `cut within answer ${this.#served + 1}`)
      })
      socket.write(LIST_REPORTS)
    })
  }
}

async function resultOf(connection: RawConnection): Promise<string> {
  try {
    const { status, isComplete } = await connection.answer()
    return status === 200 && isComplete ? 'complete' : `status ${status}, whole: ${isComplete}`
  } catch (error) {
    return String(error).slice(0, 200)
  }
}
