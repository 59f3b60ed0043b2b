// `make bundles`: makes everything that is compiled from policies/ again and compares it with what
// is committed. `--write` replaces the committed files instead. Without OPA it says so and passes,
// except in CI.

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { buildBundle } from '../gateway/authoring/bundle-build.ts'
import { gatewayCapabilities } from '../gateway/authoring/capabilities.ts'
import { compileGrants, writeGrantsData } from '../gateway/authoring/grants.ts'
import { findOpa, installOpa, type Opa, OPA_VERSION, runOpa } from '../gateway/authoring/opa.ts'
import { formatProblem } from '../gateway/authoring/yaml-document.ts'
import { readManifest } from '../gateway/policy/bundle/manifest.ts'
import { readTarGz } from '../gateway/policy/bundle/tar-archive.ts'
import { hostBuiltins } from '../gateway/policy/wasm/host-builtins.ts'
import { BUNDLES, GRANTS, type ListedBundle } from './bundle-list.ts'

const root = join(import.meta.dirname, '../..')
const isWriting = process.argv.includes('--write')

class Differs extends Error {}

async function main(): Promise<number> {
  await settle(GRANTS.data, await compiledGrants(), sameBytes)
  const opa = await opaForBundles()
  if (opa === undefined) {
    process.stdout.write('SKIPPED: bundle rebuild\n')
    return process.env['CI'] === 'true' ? 1 : 0
  }
  if (opa.version !== OPA_VERSION) {
    throw new Differs(`${opa.path} is OPA ${opa.version}; bundles are built with ${OPA_VERSION}`)
  }
  await settle('policies/capabilities.json', await capabilities(opa), sameBytes)
  for (const bundle of BUNDLES) await settle(bundle.out, await built(opa, bundle), sameBundle)
  return 0
}

async function compiledGrants(): Promise<Buffer> {
  const data = compileGrants(await readFile(join(root, GRANTS.source), 'utf8'))
  if (data.ok) return Buffer.from(writeGrantsData(data.value))
  throw new Differs(data.error.map((problem) => formatProblem(GRANTS.source, problem)).join('\n'))
}

async function opaForBundles(): Promise<Opa | undefined> {
  const found = await findOpa(process.env, OPA_VERSION)
  if (found !== undefined) return found
  const stated = process.env['OPA'] ?? ''
  if (stated !== '') throw new Differs(`OPA=${stated} cannot be run; correct or unset it`)
  return installed()
}

async function installed(): Promise<Opa | undefined> {
  const opa = await installOpa(process.env)
  if (opa.ok) return opa.value
  process.stdout.write(`no OPA ${OPA_VERSION}: ${opa.error.message}\n`)
  return undefined
}

async function capabilities(opa: Opa): Promise<Buffer> {
  const printed = await runOpa(opa, ['capabilities', '--current'])
  if (!printed.ok) throw new Differs(printed.error.message)
  return Buffer.from(gatewayCapabilities(printed.value, hostBuiltins().keys()))
}

async function built(opa: Opa, bundle: ListedBundle): Promise<Buffer> {
  const result = await buildBundle(opa, { ...bundle, root })
  if (!result.ok) throw new Differs(`${bundle.out}: ${result.error.message}\n${result.error.hint}`)
  const archive = readTarGz(result.value)
  const manifest = archive.ok ? readManifest(archive.value.get('.manifest')) : undefined
  const entrypoints = manifest?.ok === true ? manifest.value.entrypoints : []
  if (entrypoints.join(' ') !== [...bundle.entrypoints].sort().join(' ')) {
    throw new Differs(`${bundle.out}: entrypoints are ${entrypoints.join(' ')}`)
  }
  return result.value
}

/** Compares a made file with the committed one, or writes it. */
async function settle(
  path: string,
  made: Buffer,
  isSame: (path: string, made: Buffer, committed: Buffer) => boolean,
): Promise<void> {
  const file = join(root, path)
  if (isWriting) {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, made)
  } else if (!isSame(path, made, await readFile(file))) {
    throw new Differs(`${path} differs from what its sources make; run with --write and commit it`)
  }
  process.stdout.write(`${path}: ${isWriting ? 'written' : 'up to date'}\n`)
}

function sameBytes(_path: string, made: Buffer, committed: Buffer): boolean {
  return made.equals(committed)
}

/** The compressor is the Go that built OPA; what it compresses must be equal in any case. */
function sameBundle(path: string, made: Buffer, committed: Buffer): boolean {
  if (made.equals(committed)) return true
  const isSame = gunzipSync(made).equals(gunzipSync(committed))
  if (isSame) process.stdout.write(`${path}: same contents, compressed by another Go\n`)
  return isSame
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof Differs)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}
