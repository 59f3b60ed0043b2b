// How the loader reaches files: injected, so that a test (or `check` of a file that is not here)
// needs no disk.

export interface FileContent {
  readonly bytes: Buffer
  /** Permission bits, as in stat(2). */
  readonly mode: number
}

export type FileFailure = 'missing' | 'forbidden' | 'not-a-file' | 'too-large' | 'unreadable'

export type FileResult =
  | { readonly ok: true; readonly content: FileContent }
  | { readonly ok: false; readonly failure: FileFailure }

export interface ConfigFiles {
  /** Reads a whole regular file of at most `maxBytes`. */
  read(path: string, maxBytes: number): Promise<FileResult>
  /** Undefined: there is nothing at this path, or it cannot be reached. */
  kind(path: string): Promise<'file' | 'directory' | 'other' | undefined>
}
