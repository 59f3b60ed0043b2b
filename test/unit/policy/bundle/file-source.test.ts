import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import {
  FileBundleSource,
  type FileSourceOptions,
} from '../../../../gateway/policy/bundle/file-source.ts'
import { REPOSITORY, UNSIGNED } from '../../../support/policy.ts'

const authz = join(REPOSITORY, 'bundles/authz.tar.gz')
const hexr = join(REPOSITORY, 'bundles/hexr.tar.gz')

function optionsFor(path: string): FileSourceOptions {
  return {
    path,
    name: 'authz',
    verification: UNSIGNED,
    entrypoints: [],
    monotonicMs: () => performance.now(),
  }
}

t.test('a reload takes the new file, a broken one keeps the last good policy', async (t) => {
  const path = join(t.testdir(), 'bundle.tar.gz')
  await copyFile(authz, path)
  const source = await FileBundleSource.open(optionsFor(path))
  if (!source.ok) throw new Error(source.error.message)
  const first = source.value.current
  await copyFile(hexr, path)
  t.ok((await source.value.reload()).ok)
  const second = source.value.current
  t.not(second.revision, first.revision)
  await writeFile(path, 'broken')
  t.match(await source.value.reload(), { ok: false, error: { step: 'archive' } })
  t.equal(source.value.current, second)
  await copyFile(authz, path)
  t.ok((await source.value.reload()).ok)
  t.equal(source.value.current.sha256, first.sha256)
})

t.test('reloads follow each other, so that the last state of the file wins', async (t) => {
  const path = join(t.testdir(), 'bundle.tar.gz')
  await copyFile(authz, path)
  const source = await FileBundleSource.open(optionsFor(path))
  if (!source.ok) throw new Error(source.error.message)
  await copyFile(hexr, path)
  const [one, two] = await Promise.all([source.value.reload(), source.value.reload()])
  t.ok(one.ok && two.ok)
  if (two.ok) t.equal(source.value.current, two.value)
})

t.test('a file that is not there or is no file is named', async (t) => {
  t.match(await FileBundleSource.open(optionsFor('/nowhere/bundle.tar.gz')), {
    ok: false,
    error: { step: 'read', message: /nowhere/ },
  })
  t.match(await FileBundleSource.open(optionsFor(REPOSITORY)), {
    ok: false,
    error: { step: 'read' },
  })
})
