// From the bytes of a bundle to its parts: archive, signature, manifest, data, module, in this
// order, each refused by name. Nothing of it is run here.

import { createHash } from 'node:crypto'
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseStrictJson,
  writeJson,
} from '../../util/json.ts'
import { err, ok, type Result } from '../../util/result.ts'
import { type BundleFailure, bundleFailure } from './bundle-failure.ts'
import { isUnderRoots, type Manifest, MANIFEST_FILE, readManifest } from './manifest.ts'
import { type BundleKeys, SIGNATURES_FILE, verifyBundleSignature } from './signature.ts'
import { type Archive, readTarGz } from './tar-archive.ts'

export interface Verification {
  /** False accepts bundles without a signature; one that is there is checked all the same. */
  readonly required: boolean
  readonly keys: BundleKeys
}

export interface Bundle {
  readonly manifest: Manifest
  /** SHA-256 of the file, hexadecimal. */
  readonly sha256: string
  /** The key that signed it. */
  readonly keyId: string | undefined
  readonly module: Buffer
  /** The data document: parsed, and as JSON text with every digit of its numbers. */
  readonly data: JsonObject
  readonly dataText: string
}

const DATA_FILE = 'data.json'
const MAX_DATA_DEPTH = 128
const REBUILD = 'build the bundle with `svidgate bundle build`'

export function readBundle(
  bytes: Buffer,
  verification: Verification,
): Result<Bundle, BundleFailure> {
  const archive = readTarGz(bytes)
  if (!archive.ok) {
    return bundleFailure(
      'archive',
      archive.error,
      'a bundle is the .tar.gz that `opa build` writes',
    )
  }
  const files = archive.value
  const keyId = checkSignature(files, verification)
  if (!keyId.ok) return keyId
  const manifest = readManifest(files.get(MANIFEST_FILE))
  if (!manifest.ok) return manifest
  const stray = unexpectedFile(files, manifest.value.module)
  if (stray !== undefined) return stray
  const module = files.get(manifest.value.module)
  if (module === undefined) {
    return bundleFailure('module', `${manifest.value.module} is missing`, REBUILD)
  }
  const misstated = wrongStatement(module, manifest.value)
  if (misstated !== undefined) return misstated
  const data = readData(files, manifest.value)
  if (!data.ok) return data
  return ok({
    manifest: manifest.value,
    sha256: sha256Of(bytes),
    keyId: keyId.value,
    module,
    ...data.value,
  })
}

function checkSignature(
  files: Archive,
  { required, keys }: Verification,
): Result<string | undefined, BundleFailure> {
  if (files.has(SIGNATURES_FILE) && (required || keys.size > 0)) {
    const verified = verifyBundleSignature(files, keys)
    return verified.ok ? ok(verified.value.keyId) : verified
  }
  if (!required) return ok(undefined)
  return bundleFailure(
    'signature',
    'the bundle is not signed',
    'sign it with `opa build --signing-key`, or set `policy.verification.required: false` for a trial',
  )
}

/** A statement that was carried over to other rules could hide from them what they ask for. */
function wrongStatement(
  module: Buffer,
  { input }: Manifest,
): Result<never, BundleFailure> | undefined {
  if (input === undefined || input.moduleSha256 === sha256Of(module)) return undefined
  return bundleFailure(
    'manifest',
    '`metadata.svidgate.input` was made for another module',
    'build with `svidgate bundle build`, or take the member out of .manifest',
  )
}

function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Anything that OPA would give a meaning which we do not, or that came here by mistake. */
function unexpectedFile(files: Archive, module: string): Result<never, BundleFailure> | undefined {
  for (const name of files.keys()) {
    if (name.startsWith('optimized/')) {
      return bundleFailure(
        'module',
        'built with -O1 or -O2, which bakes data into the policy: a grant taken back would stay in force',
        'build with -O0 (the default)',
      )
    }
    const base = name.slice(name.lastIndexOf('/') + 1)
    if (base === 'patch.json') {
      return bundleFailure('archive', 'delta bundles are not accepted', 'publish whole bundles')
    }
    const isKnown =
      name === module || name === MANIFEST_FILE || name === SIGNATURES_FILE || base === DATA_FILE
    if (!isKnown && !name.endsWith('.rego')) {
      return bundleFailure('archive', `${name} has no place in a bundle`, REBUILD)
    }
  }
  return undefined
}

function readData(
  files: Archive,
  manifest: Manifest,
): Result<{ data: JsonObject; dataText: string }, BundleFailure> {
  const names = [...files.keys()].filter((name) => /(?:^|\/)data\.json$/.test(name)).sort()
  const merged = new Map<string, JsonValue>()
  for (const name of names) {
    const text = files.get(name)?.toString('utf8') ?? ''
    const parsed = parseStrictJson(text, { maxDepth: MAX_DATA_DEPTH })
    if (!parsed.ok) {
      const { reason, offset } = parsed.error
      return dataFailure(`${name}, character ${String(offset)}: ${reason}`)
    }
    const path = name.split('/').slice(0, -1)
    const value = path.reduceRight<JsonValue>((inner, key) => new Map([[key, inner]]), parsed.value)
    if (!isJsonObject(value)) return dataFailure(`${name} is not an object`)
    const conflict = mergeInto(merged, value, '')
    if (conflict !== undefined) return dataFailure(`${conflict} stands in two files`)
    // The usual bundle has one file, whose text goes into the module as it is.
    if (names.length === 1 && path.length === 0) return checkedData(value, text, manifest)
  }
  return checkedData(merged, writeJson(merged), manifest)
}

function checkedData(
  data: JsonObject,
  dataText: string,
  { roots, entrypoints }: Manifest,
): Result<{ data: JsonObject; dataText: string }, BundleFailure> {
  const stray = pathOutsideRoots(data, '', roots)
  if (stray !== undefined) return dataFailure(`${stray} lies outside the bundle's roots`)
  const shadow = entrypoints.find((path) => valueAt(data, path) !== undefined)
  if (shadow !== undefined) return dataFailure(`data lies under the entrypoint ${shadow}`)
  return ok({ data, dataText })
}

/** Path of the first conflict; members of both objects merge. */
function mergeInto(
  into: Map<string, JsonValue>,
  from: JsonObject,
  prefix: string,
): string | undefined {
  for (const [key, value] of from) {
    const path = prefix === '' ? key : `${prefix}/${key}`
    const present = into.get(key)
    if (present === undefined) {
      into.set(key, value)
      continue
    }
    if (!isJsonObject(present) || !isJsonObject(value)) return path
    const copy = new Map(present)
    into.set(key, copy)
    const conflict = mergeInto(copy, value, path)
    if (conflict !== undefined) return conflict
  }
  return undefined
}

function pathOutsideRoots(
  data: JsonObject,
  prefix: string,
  roots: readonly string[],
): string | undefined {
  for (const [key, value] of data) {
    const path = prefix === '' ? key : `${prefix}/${key}`
    if (isUnderRoots(path, roots)) continue
    const leadsToRoot = roots.some((root) => root.startsWith(`${path}/`))
    if (!leadsToRoot || !isJsonObject(value)) return path
    const stray = pathOutsideRoots(value, path, roots)
    if (stray !== undefined) return stray
  }
  return undefined
}

function valueAt(data: JsonObject, path: string): JsonValue | undefined {
  let value: JsonValue | undefined = data
  for (const key of path.split('/')) value = isJsonObject(value) ? value.get(key) : undefined
  return value
}

function dataFailure(message: string): Result<never, BundleFailure> {
  return err({ step: 'data', message, hint: 'correct the data and build the bundle again' })
}
