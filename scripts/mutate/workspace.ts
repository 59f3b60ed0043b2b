// A copy of `dist/` in a directory of its own, beside links to everything else of the repository, so
// that a station can be replaced without touching what others use.

import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { MutationError } from './mutation.ts'

/** Of the repository itself, or made anew by every run. */
const NOT_LINKED = new Set(['.git', '.tap', 'dist', 'coverage', 'tmp', 'state'])

export class Workspace {
  readonly root: string

  constructor(repository: string) {
    this.root = mkdtempSync(join(tmpdir(), 'svidgate-mutate-'))
    for (const name of readdirSync(repository)) {
      if (!NOT_LINKED.has(name)) symlinkSync(resolve(repository, name), join(this.root, name))
    }
    cpSync(join(repository, 'dist'), join(this.root, 'dist'), { recursive: true })
  }

  /** The compiled form of a source. */
  compiled(source: string): string {
    return join(this.root, 'dist', source.replace(/\.ts$/, '.js'))
  }

  read(source: string): string {
    const file = this.compiled(source)
    if (!existsSync(file)) throw new MutationError(`${source}: no such file in dist/ (make build)`)
    return readFileSync(file, 'utf8')
  }

  write(source: string, text: string): void {
    writeFileSync(this.compiled(source), text)
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}
