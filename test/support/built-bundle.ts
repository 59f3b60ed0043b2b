// The shipped rules with grants of a test's own, built by the real OPA (made by `make tools`).

import { writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Test } from 'tap'
import { buildBundle } from '../../gateway/authoring/bundle-build.ts'
import { findOpa, OPA_VERSION } from '../../gateway/authoring/opa.ts'
import { BUNDLES } from '../../scripts/bundle-list.ts'
import { repositoryRoot } from './test-data.ts'

/** @returns the bundle's path from the repository's root, as `startTestGateway` takes it */
export async function builtBundle(t: Test, grants: string): Promise<string> {
  const opa = await findOpa(process.env, OPA_VERSION)
  const rules = BUNDLES.find((bundle) => bundle.grants !== undefined)
  if (opa === undefined || rules === undefined) throw new Error('OPA is needed: make tools')
  const dir = t.testdir({ 'grants.yaml': grants })
  const root = repositoryRoot()
  const built = await buildBundle(opa, { ...rules, root, grants: join(dir, 'grants.yaml') })
  if (!built.ok) throw new Error(built.error.message)
  const path = join(dir, 'bundle.tar.gz')
  await writeFile(path, built.value)
  return relative(root, path)
}
