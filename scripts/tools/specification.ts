// scripts/tools.json: the real servers and clients that `make test-real` uses, and the other versions
// of Node that `make test NODE=…` does, pinned.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

type Recipe =
  | { readonly kind: 'go-install'; readonly package: string; readonly ldflags?: string }
  | {
      readonly kind: 'python-venv'
      readonly packages: readonly string[]
      /** Run in the tool's directory when the packages are there; the program is one of its own. */
      readonly finish?: readonly string[]
    }
  /** One package of npm, at the tool's version, without dependencies or scripts. */
  | { readonly kind: 'npm-package'; readonly package: string; readonly integrity: string }

export interface Tool {
  readonly name: string
  readonly version: string
  readonly purpose: string
  readonly build: Recipe
  /** Run in the tool's directory; what it prints proves the version. */
  readonly check: { readonly command: readonly string[]; readonly prints: string }
  readonly deadlineSeconds: number
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

/** Changes when the tool would be built in another way. */
export function fingerprint({ name, version, build }: Tool): string {
  return createHash('sha256').update(JSON.stringify({ name, version, build })).digest('hex')
}
