// `svidgate bundle build`: Rego and grants in, a bundle file out. Needs OPA.

import { readFile, rename, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildBundle, sourcePath } from '../authoring/bundle-build.ts'
import { findOpa, OPA_VERSION } from '../authoring/opa.ts'
import { openBundle } from '../policy/bundle/activate.ts'
import { type Action, CliError } from './command.ts'

export interface BundleBuildOptions {
  /** Rego files, and data as `prefix:file.json`, relative to the working directory. */
  readonly files: readonly string[]
  readonly grants?: string
  readonly entrypoint: readonly string[]
  readonly out: string
  /** By default the shipped policies/capabilities.json. */
  readonly capabilities?: string
  /** By default a digest of the files. */
  readonly revision?: string
  readonly v0Compatible?: boolean
  /** Where `files` start from. */
  readonly root: string
}

const SHIPPED_CAPABILITIES = fileURLToPath(
  new URL('../../../policies/capabilities.json', import.meta.url),
)

export const bundleBuild: Action<BundleBuildOptions> = async (options, io) => {
  const { files, grants, entrypoint, out, revision, v0Compatible, root } = options
  const opa = await findOpa(io.env)
  if (opa === undefined) {
    throw new CliError(
      3,
      'no opa was found',
      `set OPA, or run \`go install github.com/open-policy-agent/opa@v${OPA_VERSION}\``,
    )
  }
  const capabilities = options.capabilities ?? SHIPPED_CAPABILITIES
  const inputs = [capabilities, ...files.map(sourcePath), ...(grants === undefined ? [] : [grants])]
  await readable(inputs.map((path) => resolve(root, path)))
  const built = await buildBundle(opa, {
    root,
    files,
    entrypoints: entrypoint,
    capabilities,
    ...(grants === undefined ? {} : { grants }),
    ...(revision === undefined ? {} : { revision }),
    ...(v0Compatible === undefined ? {} : { v0Compatible }),
  })
  if (!built.ok) throw new CliError(1, built.error.message, built.error.hint)
  const opened = openBundle(built.value, {
    name: 'bundle',
    verification: { required: false, keys: new Map() },
    entrypoints: entrypoint,
  })
  if (!opened.ok) throw new CliError(1, opened.error.message, opened.error.hint)
  await writeFile(`${out}.new`, built.value)
  await rename(`${out}.new`, out)
  const { manifest, sha256 } = opened.value.bundle
  io.out(`${out}: revision ${manifest.revision}, sha256 ${sha256}\n`)
  for (const path of manifest.entrypoints) io.out(`  ${path}\n`)
  return 0
}

async function readable(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await readFile(path).catch((error: unknown) => {
      const detail = error instanceof Error ? error.message : String(error)
      throw new CliError(2, detail, 'correct the path')
    })
  }
}
