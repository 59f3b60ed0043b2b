// The path of a Unix socket, made ready: a socket that a crash left behind is taken away, one that
// somebody listens on is not, and nothing that is no socket is ever removed.

import { lstat, mkdir, unlink } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { ListenError } from './http-server.ts'

/** `sun_path` holds 108 bytes with its end (unix(7)); beyond it the name would be cut. */
const MAX_PATH_BYTES = 107
const PROBE_MS = 1000

/** Throws ListenError where the path cannot be used. */
export async function prepareSocketPath(path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw new ListenError(
      `the socket path ${path} is longer than ${MAX_PATH_BYTES} bytes`,
      'choose a shorter one, for example below /run',
    )
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const kind = await kindOf(path)
  if (kind === 'none') return
  if (kind === 'other') {
    throw new ListenError(
      `${path} exists and is not a socket`,
      'it is left as it is: remove it yourself, or choose another path for listen.admin.socket',
    )
  }
  if (await isListenedOn(path)) {
    throw new ListenError(
      `another process listens on ${path}`,
      'end it, or choose another path for listen.admin.socket',
    )
  }
  await unlink(path)
}

async function kindOf(path: string): Promise<'none' | 'socket' | 'other'> {
  try {
    // The entry itself is judged: a link that points to a socket is not ours to remove.
    return (await lstat(path)).isSocket() ? 'socket' : 'other'
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return 'none'
    throw new ListenError(`cannot look at ${path}`, 'check the directory of listen.admin.socket', {
      cause,
    })
  }
}

/** Only a refused connection says that nobody is there; silence counts as somebody. */
function isListenedOn(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path })
    const done = (listenedOn: boolean): void => {
      socket.destroy()
      resolve(listenedOn)
    }
    socket.setTimeout(PROBE_MS, () => {
      done(true)
    })
    socket.on('connect', () => {
      done(true)
    })
    socket.on('error', (error) => {
      done(!('code' in error && error.code === 'ECONNREFUSED'))
    })
  })
}
