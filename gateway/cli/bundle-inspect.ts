// `svidgate bundle inspect FILE`: what a bundle holds, without running it and without keys. The
// signature is named, not verified.

import { readFile } from 'node:fs/promises'
import { type Bundle, readBundle } from '../policy/bundle/bundle.ts'
import { SIGNATURES_FILE } from '../policy/bundle/signature.ts'
import { readTarGz } from '../policy/bundle/tar-archive.ts'
import { requiredBuiltins } from '../policy/wasm/wasm-engine.ts'
import { hostBuiltins } from '../policy/wasm/host-builtins.ts'
import { compileModule } from '../policy/wasm/webassembly.ts'
import { type Action, CliError } from './command.ts'

export interface BundleInspectOptions {
  readonly file: string
  readonly json: boolean
}

interface Inspection {
  readonly revision: string
  readonly sha256: string
  readonly roots: readonly string[]
  readonly entrypoints: readonly string[]
  /** Parts of the input that the rules can refer to; absent: the bundle does not say. */
  readonly reads?: readonly string[]
  readonly signed: boolean
  readonly files: readonly { readonly name: string; readonly bytes: number }[]
  readonly builtins: readonly { readonly name: string; readonly available: boolean }[]
}

export const bundleInspect: Action<BundleInspectOptions> = async ({ file, json }, io) => {
  const bytes = await readFile(file).catch((error: unknown) => {
    const detail = error instanceof Error ? error.message : String(error)
    throw new CliError(2, detail, 'give the path of a bundle file')
  })
  const bundle = readBundle(bytes, { required: false, keys: new Map() })
  if (!bundle.ok) throw new CliError(1, `${file}: ${bundle.error.message}`, bundle.error.hint)
  const inspection = inspect(bytes, bundle.value)
  io.out(json ? `${JSON.stringify(inspection)}\n` : describe(inspection))
  return inspection.builtins.every(({ available }) => available) ? 0 : 1
}

function inspect(bytes: Buffer, { manifest, sha256, module }: Bundle): Inspection {
  const archive = readTarGz(bytes)
  const files = archive.ok ? [...archive.value] : []
  const available = hostBuiltins()
  return {
    revision: manifest.revision,
    sha256,
    roots: manifest.roots,
    entrypoints: manifest.entrypoints,
    ...(manifest.input === undefined ? {} : { reads: manifest.input.paths }),
    signed: files.some(([name]) => name === SIGNATURES_FILE),
    files: files.map(([name, content]) => ({ name, bytes: content.length })),
    builtins: moduleBuiltins(module).map((name) => ({ name, available: available.has(name) })),
  }
}

function moduleBuiltins(module: Buffer): readonly string[] {
  try {
    return requiredBuiltins(compileModule(module), module.length)
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    throw new CliError(1, `policy.wasm: ${detail}`, 'build with OPA 1.x and `-t wasm`')
  }
}

function describe(inspection: Inspection): string {
  const { revision, sha256, roots, entrypoints, reads, signed, files, builtins } = inspection
  const lines = [
    `revision     ${revision === '' ? '(none)' : revision}`,
    `sha256       ${sha256}`,
    `roots        ${roots.map((root) => (root === '' ? '(everything)' : root)).join(', ')}`,
    `signature    ${signed ? 'present, not verified here' : 'none'}`,
    ...entrypoints.map((path) => `entrypoint   ${path}`),
    `reads        ${reads === undefined ? 'not stated: all of the input' : reads.join(', ')}`,
    ...builtins.map(
      ({ name, available }) => `built-in     ${name}${available ? '' : ' (not available)'}`,
    ),
    ...files.map(({ name, bytes }) => `file         ${name} (${String(bytes)} bytes)`),
  ]
  return `${lines.join('\n')}\n`
}
