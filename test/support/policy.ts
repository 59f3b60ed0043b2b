// Engines on the compiled policies of the repository, for tests.

import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { readBundle } from '../../gateway/policy/bundle/bundle.ts'
import type { BuiltinTable } from '../../gateway/policy/wasm/builtins/builtin.ts'
import { hostBuiltins } from '../../gateway/policy/wasm/host-builtins.ts'
import { createWasmEngine, type WasmEngine } from '../../gateway/policy/wasm/wasm-engine.ts'
import { compileModule } from '../../gateway/policy/wasm/webassembly.ts'

/** dist/test/support → the repository. */
export const REPOSITORY = join(import.meta.dirname, '../../..')

export const UNSIGNED = { required: false, keys: new Map() } as const

/** 2026-11-23T18:00:00.123Z */
export const NOW_NS = '1795456800123000000'

export function repositoryFile(path: string): Promise<Buffer> {
  return readFile(resolve(REPOSITORY, path))
}

export async function engineOf(
  path: string,
  overrides: { builtins?: BuiltinTable; data?: string } = {},
): Promise<WasmEngine> {
  const bundle = readBundle(await repositoryFile(path), UNSIGNED)
  if (!bundle.ok) throw new Error(bundle.error.message)
  const { module, dataText } = bundle.value
  const engine = createWasmEngine({
    module: compileModule(module),
    moduleBytes: module.length,
    data: overrides.data ?? dataText,
    bundles: {},
    builtins: overrides.builtins ?? hostBuiltins(),
  })
  if (!engine.ok) throw new Error(JSON.stringify(engine.error))
  return engine.value
}
