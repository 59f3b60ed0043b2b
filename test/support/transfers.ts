// An agent with everything a connection can be doing: nothing, a download and an upload that are both
// under way. The cloud behind them waits until it is told to let them end.

import type { ConnectionOptions } from 'node:tls'
import type { RawConnection } from './raw-connection.ts'
import { s3Head } from './refusal-scene.ts'
import type { SceneOptions } from './scene.ts'
import { ScriptedUpstream } from './scripted-upstream.ts'
import { openTls } from './tls-client.ts'

const FIRST = 'the first half, '
const REST = 'and the rest'
const LENGTH = `content-length: ${FIRST.length + REST.length}`

/** Answered by the gateway itself. */
const DENIED = s3Head('GET /aws/s3/nothing/2026/key')

/** The cloud's side; `options` belong to the gateway that is before it. */
export class SlowCloud {
  readonly #upstream = new ScriptedUpstream((connection) => this.#serve(connection))
  readonly options: SceneOptions = {
    bundle: 'test/fixtures/bundles/wide.tar.gz',
    s3Server: this.#upstream.start,
  }
  #uploading: () => void = () => undefined
  #letGo: () => void = () => undefined
  readonly #mayEnd = new Promise<void>((resolve) => {
    this.#letGo = resolve
  })

  /** Resolves when a connection was answered once, and the transfers are half done. */
  async transfers(options: ConnectionOptions): Promise<Transfers> {
    const idle = await openTls(options)
    idle.write(DENIED)
    await idle.answer()
    const download = await openTls(options)
    download.write(s3Head('GET /aws/s3/reports/2026/down'))
    await download.untilText(FIRST)
    const upload = await openTls(options)
    const isUploading = new Promise<void>((resolve) => {
      this.#uploading = resolve
    })
    const unsigned = 'x-amz-content-sha256: UNSIGNED-PAYLOAD'
    upload.write(s3Head('PUT /aws/s3/reports/2026/up', unsigned, LENGTH) + FIRST)
    await isUploading
    return { idle, download, upload }
  }

  /** Lets everything that is still under way end. */
  letGo(): void {
    this.#letGo()
  }

  async #serve(connection: RawConnection): Promise<void> {
    await connection.untilText('\r\n\r\n')
    if (connection.text.startsWith('PUT ')) {
      await connection.untilText(FIRST)
      this.#uploading()
      await connection.untilText(REST)
      connection.write('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
    } else {
      connection.write(`HTTP/1.1 200 OK\r\nconnection: close\r\n${LENGTH}\r\n\r\n${FIRST}`)
      await this.#mayEnd
      connection.write(REST)
    }
    connection.socket.end()
  }
}

export interface Transfers {
  readonly idle: RawConnection
  readonly download: RawConnection
  readonly upload: RawConnection
}

/** After `letGo`: each of the three still gives a whole answer. */
export async function statusesOf({ idle, download, upload }: Transfers): Promise<number[]> {
  upload.write(REST)
  const before = idle.length
  idle.write(DENIED)
  await idle.until(() => idle.text.slice(before).endsWith('</Error>'))
  const answers = await Promise.all([download.answer(), upload.answer()])
  return answers.map(({ status, isComplete }) => (isComplete ? status : 0))
}

/** Resolves when all three have been cut, none of them with a whole answer of its transfer. */
export async function allCut({ idle, download, upload }: Transfers): Promise<boolean> {
  await Promise.all([idle, download, upload].map((connection) => connection.untilClosed()))
  return !download.text.includes(REST) && !upload.text.includes('200 OK')
}
