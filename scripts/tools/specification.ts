// scripts/tools.json: the real servers and clients that `make test-real` uses, and the other versions
// of Node that `make test NODE=…` does, pinned.

import { createHash, type Hash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

type Recipe =
  | { readonly kind: 'go-install'; readonly package: string; readonly ldflags?: string }
  | GoModule
  | {
      readonly kind: 'python-venv'
      readonly packages: readonly string[]
      /** Run in the tool's directory when the packages are there; the program is one of its own. */
      readonly finish?: readonly string[]
    }
  /** One package of npm, at the tool's version, without dependencies or scripts. */
  | { readonly kind: 'npm-package'; readonly package: string; readonly integrity: string }
  | {
      readonly kind: 'maven-archive'
      /** `group:artifact:version:type`, unpacked. */
      readonly artifact: string
      /** As above. */
      readonly finish?: readonly string[]
    }

/** What `go install` cannot build as it is: from a copy of the module, with the changes named. */
export interface GoModule {
  readonly kind: 'go-module'
  readonly module: string
  readonly packages: readonly string[]
  readonly cgo: boolean
  readonly ldflags?: string
  readonly edits?: readonly GoModuleEdit[]
  /** A directory of ours, put into the copy before it is built. */
  readonly add?: { readonly from: string; readonly to: string }
}

/** `find`: a regular expression, its `^` and `$` those of lines; what does not occur is an error. */
export type GoModuleEdit =
  | { readonly remove: string }
  | { readonly file: string; readonly find: string; readonly put: string }

export interface Tool {
  readonly name: string
  readonly version: string
  readonly purpose: string
  readonly build: Recipe
  /** Run in the tool's directory; what it prints proves the version. */
  readonly check: { readonly command: readonly string[]; readonly prints: string }
  readonly deadlineSeconds: number
  /** Made only where its name is given. */
  readonly onDemand?: boolean
}

export function readTools(file: string): readonly Tool[] {
  const { tools } = JSON.parse(readFileSync(file, 'utf8')) as { tools: readonly Tool[] }
  for (const { name, build } of tools) {
    // A range would make two machines test two things.
    const unpinned =
      build.kind === 'python-venv' && build.packages.find((p) => !/^[\w.-]+==[\w.]+$/.test(p))
    if (unpinned) throw new TypeError(`${file}: ${name}: ${unpinned}: pin it with ==`)
    if (build.kind === 'npm-package' && !/^sha512-[\w+/]{86}==$/.test(build.integrity)) {
      throw new TypeError(`${file}: ${name}: pin it with its sha512 integrity`)
    }
  }
  return tools
}

/** Outside the clone, so that every clone of a machine shares what was built once. */
export function toolsDirectory(): string {
  return process.env['SVIDGATE_TOOLS'] ?? join(homedir(), '.cache', 'svidgate', 'tools')
}

export function toolDirectory(tools: string, { name, version }: Tool): string {
  return join(tools, `${name}-${version}`)
}

/** Changes when the tool would be built in another way, or of other sources of ours. */
export function fingerprint({ name, version, build }: Tool): string {
  const hash = createHash('sha256').update(JSON.stringify({ name, version, build }))
  if (build.kind === 'go-module' && build.add !== undefined) addSources(hash, build.add.from)
  return hash.digest('hex')
}

function addSources(hash: Hash, directory: string): void {
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(directory, name)
    if (statSync(path).isFile()) hash.update(`\0${name}\0`).update(readFileSync(path))
  }
}
