// The deny list is hot: an entry counts as soon as its file says so. The file is asked for by name
// again and again, because a watch on the file itself would go on looking at the one that an editor,
// a rename or a mounted volume has put another in the place of.

import { unwatchFile, watchFile } from 'node:fs'

/** What is written is in force within a second, reading and a busy machine included. */
const EVERY_MS = 250

export interface DenyListWatch {
  /** The file that the configuration in force names; undefined: none. */
  follow(file: string | undefined): void
  close(): void
}

/** `changed` is told of every change, a file that vanishes included. */
export function watchDenyList(changed: () => void): DenyListWatch {
  let followed: string | undefined
  const close = (): void => {
    if (followed !== undefined) unwatchFile(followed, changed)
    followed = undefined
  }
  return {
    follow: (file) => {
      if (file === followed) return
      close()
      followed = file
      if (file !== undefined) watchFile(file, { interval: EVERY_MS, persistent: false }, changed)
    },
    close,
  }
}
