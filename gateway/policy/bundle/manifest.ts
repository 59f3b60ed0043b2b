// The bundle's `.manifest` (openpolicyagent.org, "Bundles", file format). Read strictly: a member
// that we do not know could be a condition that we would ignore.

import { ok, type Result } from '../../util/result.ts'
import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseStrictJson,
} from '../../util/json.ts'
import { type BundleFailure, bundleFailure } from './bundle-failure.ts'

export const MANIFEST_FILE = '.manifest'

export interface Manifest {
  readonly revision: string
  /** Without slashes at the ends; `''` owns everything. */
  readonly roots: readonly string[]
  /** Entrypoints of the compiled module, sorted. */
  readonly entrypoints: readonly string[]
  /** Name of the compiled module in the archive. */
  readonly module: string
  /** What `svidgate bundle build` found the rules to refer to; undefined: the bundle does not say. */
  readonly input: InputStatement | undefined
}

/** A statement about one compiled module: beside another it says nothing. */
export interface InputStatement {
  /** `agent`, `operation/name` */
  readonly paths: readonly string[]
  /** SHA-256 of the module that was looked at, hexadecimal. */
  readonly moduleSha256: string
}

const MEMBERS: ReadonlySet<string> = new Set([
  'revision',
  'roots',
  'wasm',
  'metadata',
  'rego_version',
  'file_rego_versions',
])
const MAX_DEPTH = 64
const HINT = 'build the bundle with `svidgate bundle build` or `opa build -t wasm`'

export function readManifest(bytes: Buffer | undefined): Result<Manifest, BundleFailure> {
  if (bytes === undefined) return refused('the bundle has no .manifest')
  const parsed = parseStrictJson(bytes.toString('utf8'), { maxDepth: MAX_DEPTH })
  if (!parsed.ok) return refused(`not JSON: ${parsed.error.reason}`)
  if (!isJsonObject(parsed.value)) return refused('not an object')
  const manifest = parsed.value
  const unknown = [...manifest.keys()].find((key) => !MEMBERS.has(key))
  if (unknown !== undefined) return refused(`unknown member ${JSON.stringify(unknown)}`)
  const revision = manifest.get('revision') ?? ''
  if (typeof revision !== 'string') return refused('`revision` is not a text')
  const roots = readRoots(manifest.get('roots'))
  if (roots === undefined) return refused('`roots` is not a list of paths that lie apart')
  const modules = readModules(manifest.get('wasm'))
  if (modules === undefined) return refused('`wasm` does not list entrypoints of one module')
  const stray = modules.entrypoints.find((path) => !isUnderRoots(path, roots))
  if (stray !== undefined) return refused(`entrypoint ${stray} lies outside the roots`)
  const stated = readMetadata(manifest.get('metadata'))
  if (stated === undefined) return refused('`metadata.svidgate` is not what the gateway knows')
  return ok({ revision, roots, ...modules, input: stated.input })
}

/** Metadata of others is theirs; ours is known to the last member. */
function readMetadata(
  value: JsonValue | undefined,
): { readonly input: InputStatement | undefined } | undefined {
  const ours = isJsonObject(value) ? value.get('svidgate') : undefined
  if (ours === undefined) return { input: undefined }
  if (!isJsonObject(ours) || [...ours.keys()].join() !== 'input') return undefined
  const input = ours.get('input')
  if (!isJsonObject(input) || [...input.keys()].sort().join() !== 'module,paths') return undefined
  const paths = input.get('paths')
  const moduleSha256 = input.get('module')
  if (typeof moduleSha256 !== 'string' || !isJsonArray(paths)) return undefined
  const texts = paths.filter((path) => typeof path === 'string')
  return texts.length === paths.length ? { input: { paths: texts, moduleSha256 } } : undefined
}

/** Whether a path of packages or data belongs to the bundle. */
export function isUnderRoots(path: string, roots: readonly string[]): boolean {
  return roots.some((root) => isUnder(path, root))
}

function isUnder(path: string, root: string): boolean {
  return root === '' || path === root || path.startsWith(`${root}/`)
}

function readRoots(value: JsonValue | undefined): readonly string[] | undefined {
  if (value === undefined) return ['']
  if (!isJsonArray(value) || value.length === 0) return undefined
  const roots: string[] = []
  for (const root of value) {
    if (typeof root !== 'string') return undefined
    roots.push(root.replace(/^\/+|\/+$/g, ''))
  }
  const overlap = roots.some((root, index) =>
    roots.some((other, otherIndex) => index !== otherIndex && isUnder(root, other)),
  )
  return overlap ? undefined : roots
}

function readModules(
  value: JsonValue | undefined,
): { entrypoints: readonly string[]; module: string } | undefined {
  if (!isJsonArray(value)) return undefined
  const entrypoints = new Set<string>()
  const modules = new Set<string>()
  for (const item of value) {
    const entry = isJsonObject(item) ? readModule(item) : undefined
    if (entry === undefined || entrypoints.has(entry.entrypoint)) return undefined
    entrypoints.add(entry.entrypoint)
    modules.add(entry.module)
  }
  const [module] = modules
  if (module === undefined || modules.size > 1) return undefined
  return { entrypoints: [...entrypoints].sort(), module }
}

function readModule(item: JsonObject): { entrypoint: string; module: string } | undefined {
  const entrypoint = item.get('entrypoint')
  const module = item.get('module')
  if (typeof entrypoint !== 'string' || typeof module !== 'string') return undefined
  return { entrypoint, module: module.replace(/^\//, '') }
}

function refused(message: string): Result<never, BundleFailure> {
  return bundleFailure('manifest', message, HINT)
}
