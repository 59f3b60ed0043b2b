// `bundle build`: Rego and grants in, an OPA bundle with compiled policy out. The bytes depend on
// nothing but the files, their names as given, and the version of OPA.

import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { err, ok, type Result } from '../util/result.ts'
import { readBundle } from '../policy/bundle/bundle.ts'
import { compileGrants, writeGrantsData } from './grants.ts'
import { stageWithStatement } from './input-statement.ts'
import { type Opa, runOpa } from './opa.ts'
import { formatProblem } from './yaml-document.ts'

export interface BundleBuild {
  /** Where the names in `files` start from. */
  readonly root: string
  /** Rego files, and data as `prefix:file.json`; their order does not matter. */
  readonly files: readonly string[]
  /** The authors' grants, compiled to data.svidgate. */
  readonly grants?: string
  /** `svidgate/authz/decision`; whole packages too. */
  readonly entrypoints: readonly string[]
  /** Which built-ins there are: policies/capabilities.json for anything that the gateway shall run. */
  readonly capabilities: string
  /** Shown in records; an integer that grows can be a floor (`policy.verification.minRevision`). */
  readonly revision?: string
  /** Rego as before OPA 1.0. */
  readonly v0Compatible?: boolean
}

export interface BuildFailure {
  readonly message: string
  readonly hint: string
}

export async function buildBundle(
  opa: Opa,
  build: BundleBuild,
): Promise<Result<Buffer, BuildFailure>> {
  const folder = await mkdtemp(join(tmpdir(), 'svidgate-bundle-'))
  try {
    const grants = await grantsFile(build, folder)
    if (!grants.ok) return grants
    const files = [...build.files].filter((name) => !name.endsWith('_test.rego')).sort()
    const out = join(folder, 'bundle.tar.gz')
    const entrypoints = [...build.entrypoints].sort()
    const flags = [
      '--target=wasm',
      '--ignore=*_test.rego',
      `--output=${out}`,
      `--revision=${build.revision ?? (await revisionOf(build, files, grants.value))}`,
      `--capabilities=${resolve(build.root, build.capabilities)}`,
      ...(build.v0Compatible === true ? ['--v0-compatible'] : []),
      ...entrypoints.flatMap((path) => ['--entrypoint', path]),
    ]
    const sources = [...files, ...grants.value.map((path) => `svidgate:${path}`)]
    const built = await runOpa(opa, ['build', ...flags, ...sources], { cwd: build.root })
    if (!built.ok) return err(buildFailure(built.error.message))
    const bytes = await readFile(out)
    const staged = await stageWithStatement(opa, {
      bytes,
      root: build.root,
      folder: join(folder, 'staged'),
      entrypoints,
      regoVersion: build.v0Compatible === true ? 0 : 1,
    })
    if (staged === undefined) return ok(bytes)
    const again = await runOpa(opa, ['build', ...flags, '--bundle', '.'], { cwd: staged })
    if (!again.ok) return err(buildFailure(again.error.message))
    const stated = await readFile(out)
    // The statement names the module that was analysed: had this one become another, it is left out.
    return ok(readBundle(stated, { required: false, keys: new Map() }).ok ? stated : bytes)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The path in `prefix:file.json`; a Rego file has no prefix. */
export function sourcePath(file: string): string {
  return file.slice(file.indexOf(':') + 1)
}

/** The compiled grants as a file for OPA; none when there are no grants. */
async function grantsFile(
  build: BundleBuild,
  folder: string,
): Promise<Result<readonly string[], BuildFailure>> {
  if (build.grants === undefined) return ok([])
  const data = compileGrants(await readFile(resolve(build.root, build.grants), 'utf8'))
  const name = build.grants
  if (!data.ok) {
    return err({
      message: data.error.map((problem) => formatProblem(name, problem)).join('\n'),
      hint: 'the comment at the head of policies/authz/grants.yaml says what each part means',
    })
  }
  const path = join(folder, 'data.json')
  await writeFile(path, writeGrantsData(data.value))
  return ok([path])
}

/** Names what the bundle was made from, so that records tell two versions of a policy apart. */
async function revisionOf(
  build: BundleBuild,
  files: readonly string[],
  grants: readonly string[],
): Promise<string> {
  const hash = createHash('sha256')
  for (const file of files) {
    const path = file.slice(file.indexOf(':') + 1)
    hash
      .update(`${file}\0`)
      .update(await readFile(resolve(build.root, path)))
      .update('\0')
  }
  for (const path of grants) hash.update(await readFile(path))
  return hash.digest('hex').slice(0, 16)
}

function buildFailure(message: string): BuildFailure {
  if (/undefined function/.test(message)) {
    return {
      message,
      hint: 'the gateway has the built-ins of policies/capabilities.json only; `opa check` shows the call',
    }
  }
  return { message, hint: 'correct the file that OPA names and build again' }
}
