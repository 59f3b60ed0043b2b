// Files that others replace: by renaming, by swapping the symbolic link under a mounted volume, by
// writing over them.

import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { EventEmitter, once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createDevTrustDomain } from '../../../../gateway/spiffe/dev-ca.ts'
import { openFileSource } from '../../../../gateway/spiffe/file-source.ts'
import { watchFiles } from '../../../../gateway/spiffe/files/watch.ts'
import { SourceEvents } from '../../../support/source-events.ts'

// A watch keeps no process alive; a test that waits for it does.
const alive = setInterval(() => undefined, 1_000)
t.teardown(() => clearInterval(alive))

async function folder(t: Test): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'watch-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  return dir
}

function watching(t: Test, files: readonly string[]): { next: () => Promise<unknown> } {
  const changes = new EventEmitter()
  const watch = watchFiles(() => changes.emit('change'))
  watch.follow(files)
  t.teardown(() => watch.close())
  return { next: () => once(changes, 'change') }
}

t.test('a file that is renamed into place, or written over, or removed', async (t) => {
  const dir = await folder(t)
  const file = join(dir, 'bundle.pem')
  await writeFile(file, 'one')
  const watch = watching(t, [file])
  await watch.next()
  for (const step of [
    async () => {
      await writeFile(join(dir, 'next'), 'two')
      await rename(join(dir, 'next'), file)
    },
    () => writeFile(file, 'three and longer'),
    () => rm(file),
    () => writeFile(file, 'four'),
  ]) {
    const changed = watch.next()
    await step()
    await changed
  }
  t.pass()
})

/** As the kubelet lays out a ConfigMap or a Secret: `file → ..data/file`, `..data → ..<time>`. */
async function publish(dir: string, version: string, files: Record<string, string>): Promise<void> {
  const data = join(dir, `..${version}`)
  await mkdir(data)
  for (const [name, text] of Object.entries(files)) await writeFile(join(data, name), text)
  await symlink(`..${version}`, join(dir, '..data_tmp'))
  await rename(join(dir, '..data_tmp'), join(dir, '..data'))
}

t.test('a ConfigMap whose `..data` is swapped, through the source to its observer', async (t) => {
  const dir = await folder(t)
  const now = Date.now()
  const [one, two] = [1, 2].map(() => createDevTrustDomain({ trustDomain: 'example.org', now }))
  if (one === undefined || two === undefined) throw new Error('two domains')
  const own = (of: typeof one) =>
    of.issueSvid({ spiffeId: 'spiffe://example.org/svidgate', ttlSeconds: 600, now })
  const filesOf = (of: typeof one): Record<string, string> => {
    const { certPem, keyPem } = own(of)
    return { 'bundle.pem': of.caPem, 'svid.pem': certPem, 'svid.key': keyPem }
  }
  // Keys that others can read are refused, whatever the process's mask makes of new files.
  const mask = process.umask(0o077)
  t.teardown(() => process.umask(mask))
  await publish(dir, 'v1', filesOf(one))
  for (const name of ['bundle.pem', 'svid.pem', 'svid.key']) {
    await symlink(`..data/${name}`, join(dir, name))
  }
  const events = new SourceEvents()
  const source = await openFileSource({
    trustDomain: 'example.org',
    bundleFile: join(dir, 'bundle.pem'),
    svid: { certFile: join(dir, 'svid.pem'), keyFile: join(dir, 'svid.key') },
    clock: { now: Date.now },
    watch: true,
    observer: events,
  })
  t.teardown(() => source.close())
  const before = { bundles: source.bundles(), svid: source.ownSvid()?.certPem }
  await events.next('files', 'unchanged')
  const second = filesOf(two)
  await publish(dir, 'v2', second)
  await events.next('files', 'updated')
  t.equal(source.bundles().revision, before.bundles.revision + 1)
  t.not(source.ownSvid()?.certPem, before.svid)
  t.ok(events.changes > 0)

  const current = source.bundles()
  await publish(dir, 'broken', { ...second, 'bundle.pem': '-----BEGIN CERTIFICATE-----' })
  t.match((await events.next('files', 'rejected')).detail, /bundle.pem/)
  t.equal(source.bundles(), current, 'the last good one stays')
})
