import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { loadBundleFile } from '../../../../gateway/policy/bundle/file-source.ts'
import { REPOSITORY, UNSIGNED } from '../../../support/policy.ts'

const load = (path: string): ReturnType<typeof loadBundleFile> =>
  loadBundleFile({
    path,
    name: 'authz',
    verification: UNSIGNED,
    entrypoints: ['svidgate/authz/decision'],
    monotonicMs: () => performance.now(),
  })

t.test('a bundle file becomes a policy', async (t) => {
  t.match(await load(join(REPOSITORY, 'bundles/authz.tar.gz')), {
    ok: true,
    value: { name: 'authz', sha256: /^[0-9a-f]{64}$/ },
  })
})

t.test(
  'a file that is not there, is no file, or holds no bundle, is named with its step',
  async (t) => {
    t.match(await load('/nowhere/bundle.tar.gz'), {
      ok: false,
      error: { step: 'read', message: /nowhere/, hint: /policy\.bundles/ },
    })
    t.match(await load(REPOSITORY), { ok: false, error: { step: 'read' } })
    const path = join(t.testdir(), 'bundle.tar.gz')
    await writeFile(path, 'broken')
    t.match(await load(path), { ok: false, error: { step: 'archive' } })
  },
)

t.test('a file larger than any bundle is not even read', async (t) => {
  const path = join(t.testdir(), 'bundle.tar.gz')
  await writeFile(path, '')
  await truncate(path, 64 * 1024 * 1024 + 1)
  t.match(await load(path), { ok: false, error: { step: 'read', message: /larger/ } })
})
