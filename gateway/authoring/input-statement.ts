// What a policy's rules can refer to of the input, found by OPA's own analysis (`opa deps`) and put
// into the bundle's manifest, so that the gateway can leave out the rest.
// OPA writes a manifest's metadata only when it builds from a folder, so a bundle that was built is
// laid out as one, to be built again: its own data, and the Rego that it was made from.

import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { readBundle } from '../policy/bundle/bundle.ts'
import { readTarGz } from '../policy/bundle/tar-archive.ts'
import { type Opa, runOpa } from './opa.ts'

export interface BuiltBundle {
  readonly bytes: Buffer
  /** Where the bundle's file names start from. */
  readonly root: string
  /** To be made. */
  readonly folder: string
  readonly entrypoints: readonly string[]
  readonly regoVersion: 0 | 1
}

/**
 * The folder, ready for `opa build --bundle`. Undefined: there is nothing to state, because a rule
 * takes the input as a whole, or the sources lie outside the root.
 */
export async function stageWithStatement(
  opa: Opa,
  built: BuiltBundle,
): Promise<string | undefined> {
  const { bytes, folder, root, regoVersion } = built
  const files = readTarGz(bytes)
  const bundle = readBundle(bytes, { required: false, keys: new Map() })
  if (!files.ok || !bundle.ok) return undefined
  const manifest = { roots: bundle.value.manifest.roots, rego_version: regoVersion }
  await write(join(folder, '.manifest'), JSON.stringify(manifest))
  await write(join(folder, 'data.json'), files.value.get('data.json') ?? '{}')
  for (const name of files.value.keys()) {
    if (!name.endsWith('.rego')) continue
    const source = resolve(root, name)
    if (relative(root, source) !== name) return undefined
    // OPA takes the entrypoints' rules out of the Rego of a compiled bundle: the sources have them.
    await write(join(folder, name), await readFile(source))
  }
  const paths = await referredInput(opa, built)
  if (paths === undefined) return undefined
  const module = createHash('sha256').update(bundle.value.module).digest('hex')
  const metadata = { svidgate: { input: { module, paths } } }
  await write(join(folder, '.manifest'), JSON.stringify({ ...manifest, metadata }))
  return folder
}

async function write(path: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
}

/** Sorted; undefined where a rule can refer to anything. */
async function referredInput(
  opa: Opa,
  { folder, entrypoints }: BuiltBundle,
): Promise<readonly string[] | undefined> {
  const paths = new Set<string>()
  for (const entrypoint of entrypoints) {
    const query = `data${entrypoint
      .split('/')
      .map((part) => `[${JSON.stringify(part)}]`)
      .join('')}`
    const args = ['deps', '--format=json', '--bundle', '.', query]
    const printed = await runOpa(opa, args, { cwd: folder })
    if (!printed.ok) return undefined
    for (const reference of baseReferences(printed.value)) {
      const path = inputPath(reference)
      if (path === '') return undefined
      if (path !== undefined) paths.add(path)
    }
  }
  return [...paths].sort()
}

interface Term {
  readonly type: string
  readonly value: unknown
}

function baseReferences(printed: string): readonly (readonly Term[])[] {
  const { base = [] } = JSON.parse(printed) as { readonly base?: readonly (readonly Term[])[] }
  return base
}

/** `operation/name`, as far as it is constant; undefined for a reference to data. */
function inputPath([head, ...rest]: readonly Term[]): string | undefined {
  if (head?.value !== 'input') return undefined
  const names: string[] = []
  for (const { type, value } of rest) {
    if (type !== 'string' || typeof value !== 'string' || value.includes('/')) break
    names.push(value)
  }
  return names.join('/')
}
