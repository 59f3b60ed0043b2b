// The directory of the job keys: made on first use, kept, and refused when others could read it.

import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import t from 'tap'
import { openJobKeys } from '../../../gateway/operations/job-keys.ts'
import { KeyDirectoryError } from '../../../gateway/state/key-directory.ts'
import { JOB_KEY, OTHER_JOB_KEY } from '../../support/jobs.ts'

async function keyFile(directory: string, name: string, text: string, mode = 0o600): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await writeFile(join(directory, name), text)
  await chmod(join(directory, name), mode)
}

t.test('the first use makes one key of 256 bits that only we can read, and keeps it', async (t) => {
  const directory = join(t.testdir(), 'state', 'job-keys')
  const [first, ...others] = await openJobKeys(directory)
  t.strictSame(others, [])
  t.strictSame(await readdir(directory), ['active.key'], 'one file, no draft left behind')
  t.equal((await stat(join(directory, 'active.key'))).mode & 0o777, 0o600)
  t.equal((await stat(directory)).mode & 0o777, 0o700)
  t.equal(
    first.export().toString('hex'),
    (await readFile(join(directory, 'active.key'), 'utf8')).trim(),
  )
  t.equal(first.symmetricKeySize, 32)
  t.ok((await openJobKeys(directory))[0].equals(first), 'a restart keeps the key')
  t.notMatch(inspect(first, { depth: 9, showHidden: true }), first.export().toString('hex'))
})

t.test('several first starts at once agree on one key', async (t) => {
  const directory = join(t.testdir(), 'keys')
  const all = await Promise.all(Array.from({ length: 4 }, () => openJobKeys(directory)))
  t.equal(new Set(all.map(([key]) => key.export().toString('hex'))).size, 1)
})

t.test('the active key is first, then the next one, then those that retired', async (t) => {
  const directory = join(t.testdir(), 'keys')
  await keyFile(directory, 'retired-2026.key', '22'.repeat(32))
  await keyFile(directory, 'next.key', `${OTHER_JOB_KEY}\n`)
  await keyFile(directory, 'active.key', `${JOB_KEY}\n`)
  await keyFile(directory, 'active.pem', 'another kind of key', 0o644)
  const keys = await openJobKeys(directory)
  t.strictSame(
    keys.map((key) => key.export().toString('hex')),
    [JOB_KEY, OTHER_JOB_KEY, '22'.repeat(32)],
  )
})

const REFUSED: { id: string; text: RegExp; prepare: (directory: string) => Promise<void> }[] = [
  {
    id: 'group may read',
    text: /open to others \(mode 640\): chmod 600/,
    prepare: (d) => keyFile(d, 'active.key', JOB_KEY, 0o640),
  },
  {
    id: 'a retired key is open',
    text: /retired-a\.key is open to others/,
    prepare: async (d) => {
      await keyFile(d, 'active.key', JOB_KEY)
      await keyFile(d, 'retired-a.key', OTHER_JOB_KEY, 0o644)
    },
  },
  {
    id: 'others may write the directory',
    text: /can be written by others: chmod 700/,
    prepare: async (d) => {
      await mkdir(d)
      await chmod(d, 0o770)
    },
  },
  {
    id: 'the active key is gone',
    text: /no active\.key: restore it/,
    prepare: (d) => keyFile(d, 'retired-a.key', JOB_KEY),
  },
  ...[
    ['too short', JOB_KEY.slice(2)],
    ['too long', `${JOB_KEY}00`],
    ['empty', ''],
    ['no digits', 'g'.repeat(64)],
    ['two of them', `${JOB_KEY}\n${OTHER_JOB_KEY}\n`],
  ].map(([id = '', text = '']) => ({
    id,
    text: /active\.key must hold 64 hexadecimal digits: openssl rand -hex 32/,
    prepare: (d: string) => keyFile(d, 'active.key', text),
  })),
]

for (const { id, text, prepare } of REFUSED) {
  t.test(`refused: ${id}`, async (t) => {
    const directory = join(t.testdir(), 'keys')
    await prepare(directory)
    const error: unknown = await openJobKeys(directory).catch((caught: unknown) => caught)
    if (!(error instanceof KeyDirectoryError)) throw error
    t.match(error.message, text)
    t.notMatch(error.message, /000102|g{4}/, 'and no key is quoted')
  })
}
