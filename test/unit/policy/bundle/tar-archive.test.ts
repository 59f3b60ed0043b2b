import { gzipSync } from 'node:zlib'
import t from 'tap'
import { ARCHIVE_LIMITS, readTarGz } from '../../../../gateway/policy/bundle/tar-archive.ts'
import { repositoryFile } from '../../../support/policy.ts'
import { tarBytes, type TarEntry, tarGz } from '../../../support/tar.ts'

function problemOf(bytes: Buffer, limits = ARCHIVE_LIMITS): string {
  const archive = readTarGz(bytes, limits)
  return archive.ok ? `read ${[...archive.value.keys()].join(' ')}` : archive.error
}

function paxRecord(key: string, value: string): string {
  const body = ` ${key}=${value}\n`
  let length = body.length + 1
  while (String(length).length + body.length !== length) length += 1
  return `${String(length)}${body}`
}

const plain: TarEntry = { name: 'a', content: 'x' }

t.test('what OPA writes is read', async (t) => {
  const archive = readTarGz(await repositoryFile('bundles/authz.tar.gz'))
  t.ok(archive.ok)
  if (!archive.ok) return
  t.same([...archive.value.keys()].sort(), [
    '.manifest',
    'data.json',
    'policies/authz/authz.rego',
    'policies/lib/grants.rego',
    'policies/lib/objects.rego',
    'policies/lib/sql.rego',
    'policies/lib/subjects.rego',
    'policy.wasm',
  ])
  t.equal(archive.value.get('policy.wasm')?.toString('latin1', 0, 4), '\0asm')
})

t.test('contents of any length are read whole', (t) => {
  const lengths = [0, 1, 511, 512, 513, 1024]
  const entries = lengths.map((length) => ({
    name: `f${String(length)}`,
    content: 'y'.repeat(length),
  }))
  const archive = readTarGz(tarGz(entries))
  t.ok(archive.ok)
  if (archive.ok)
    t.same(
      [...archive.value.values()].map((content) => content.length),
      lengths,
    )
  t.end()
})

t.test('one leading slash or dot-slash is taken off', (t) => {
  for (const name of ['/a/b.json', './a/b.json', 'a/b.json']) {
    t.equal(problemOf(tarGz([{ name }])), 'read a/b.json', name)
  }
  t.end()
})

t.test('the ustar prefix and pax names count', (t) => {
  const long = `${'d/'.repeat(60)}data.json`
  const entries: readonly TarEntry[] = [
    { name: 'rest', patch: [[345, 'front/part']] },
    { name: 'pax', type: 'x', content: paxRecord('path', long) + paxRecord('mtime', '0') },
    { name: 'short', content: '{}' },
    { name: 'after' },
  ]
  t.equal(problemOf(tarGz(entries)), `read front/part/rest ${long} after`)
  t.end()
})

const REFUSED: readonly (readonly [id: string, bytes: Buffer, says: RegExp])[] = [
  ['nothing', Buffer.alloc(0), /not gzip/],
  ['no gzip', Buffer.from('plain text, long enough'), /not gzip/],
  ['gzip cut short', tarGz([plain]).subarray(0, -5), /damaged|cut short/],
  ['gzip with a flipped bit', flipped(tarGz([plain])), /damaged|cut short/],
  [
    'garbage behind gzip',
    Buffer.concat([tarGz([plain]), Buffer.from('garbage')]),
    /damaged|other bytes/,
  ],
  ['zeros behind gzip', Buffer.concat([tarGz([plain]), Buffer.alloc(16)]), /other bytes/],
  ['a second gzip member', Buffer.concat([tarGz([plain]), gzipSync('x')]), /other bytes/],
  ['an empty tar', gzipSync(''), /no clean end|cut short/],
  ['no end blocks', gzipSync(tarBytes([plain], Buffer.alloc(0))), /cut short|no clean end/],
  ['one end block', gzipSync(tarBytes([plain], Buffer.alloc(512))), /no clean end/],
  [
    'bytes behind the end',
    gzipSync(Buffer.concat([tarBytes([plain]), Buffer.from('x')])),
    /no clean end/,
  ],
  [
    'an entry behind the end',
    gzipSync(Buffer.concat([tarBytes([plain]), tarBytes([plain])])),
    /no clean end/,
  ],
  ['a wrong checksum', tarGz([{ ...plain, breakChecksum: true }]), /checksum/],
  ['no magic', tarGz([{ ...plain, patch: [[257, 'nothing']] }]), /POSIX/],
  ['GNU magic', tarGz([{ ...plain, patch: [[257, 'ustar  \0']] }]), /POSIX/],
  ['a size beyond the end', tarGz([{ ...plain, patch: [[124, '00000077777\0']] }]), /cut short/],
  ['a negative size', tarGz([{ ...plain, patch: [[124, '-0000000001\0']] }]), /size/],
  ['a binary size', tarGz([{ ...plain, patch: [[124, '\x80\0\0\0\0\0\0\0\0\0\0\x01']] }]), /size/],
  ['a directory', tarGz([{ name: 'd/', type: '5' }]), /regular/],
  ['a symbolic link', tarGz([{ name: 'l', type: '2', patch: [[157, '/etc/passwd']] }]), /regular/],
  ['a hard link', tarGz([{ name: 'l', type: '1', patch: [[157, 'a']] }]), /regular/],
  ['a device', tarGz([{ name: 'd', type: '3' }]), /regular/],
  ['a GNU long name', tarGz([{ name: '././@LongLink', type: 'L', content: 'x' }]), /regular/],
  [
    'a global pax header',
    tarGz([{ name: 'g', type: 'g', content: paxRecord('path', 'x') }, plain]),
    /regular/,
  ],
  ['a climbing name', tarGz([{ name: '../a' }]), /plain path/],
  ['a climb within', tarGz([{ name: 'a/../../b' }]), /plain path/],
  ['a dot segment', tarGz([{ name: 'a/./b' }]), /plain path/],
  ['an empty segment', tarGz([{ name: 'a//b' }]), /plain path/],
  ['two leading slashes', tarGz([{ name: '//a' }]), /plain path/],
  ['a trailing slash', tarGz([{ name: 'a/' }]), /plain path/],
  ['an empty name', tarGz([{ name: '' }]), /plain path/],
  ['a backslash', tarGz([{ name: 'a\\b' }]), /plain path/],
  ['a control character', tarGz([{ name: 'a\nb' }]), /plain path/],
  ['a name that is no ASCII', tarGz([{ name: 'é' }]), /plain path/],
  ['a name twice', tarGz([plain, plain]), /twice/],
  ['a name twice, with and without slash', tarGz([plain, { name: '/a' }]), /twice/],
  [
    'a climbing pax name',
    tarGz([{ name: 'p', type: 'x', content: paxRecord('path', '../a') }, plain]),
    /plain path/,
  ],
  [
    'an unreadable pax record',
    tarGz([{ name: 'p', type: 'x', content: '99 path=x\n' }, plain]),
    /pax/,
  ],
  [
    'a pax record without a key',
    tarGz([{ name: 'p', type: 'x', content: '5 =x\n' }, plain]),
    /pax/,
  ],
  [
    'a pax record twice',
    tarGz([{ name: 'p', type: 'x', content: paxRecord('path', 'a').repeat(2) }, plain]),
    /twice/,
  ],
  [
    'a pax header without its entry',
    tarGz([{ name: 'p', type: 'x', content: paxRecord('path', 'a') }]),
    /without its entry/,
  ],
  [
    'a pax size beyond the end',
    tarGz([{ name: 'p', type: 'x', content: paxRecord('size', '999999') }, plain]),
    /cut short/,
  ],
  [
    'a pax size that is no number',
    tarGz([{ name: 'p', type: 'x', content: paxRecord('size', '1e9') }, plain]),
    /pax size/,
  ],
]

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes)
  const middle = Math.floor(copy.length / 2)
  copy.writeUInt8(copy.readUInt8(middle) ^ 0x10, middle)
  return copy
}

t.test('anything but plain regular files, each once, is refused', (t) => {
  for (const [id, bytes, says] of REFUSED) t.match(problemOf(bytes), says, id)
  t.end()
})

t.test('every size is capped before memory is spent', (t) => {
  const small = { compressedBytes: 10_000, totalBytes: 20_000, entries: 3, ratio: 200 }
  const many = ['a', 'b', 'c', 'd'].map((name) => ({ name }))
  t.match(problemOf(tarGz(many), small), /more than 3 entries/)
  t.match(problemOf(tarGz(many.slice(1)), small), /^read/)
  t.match(
    problemOf(tarGz([{ name: 'a', content: Buffer.alloc(30_000) }]), small),
    /unpacks to more/,
  )
  t.match(problemOf(Buffer.alloc(10_001), small), /larger than/)
  const bomb = tarGz([{ name: 'a', content: Buffer.alloc(8 * 1024 * 1024) }])
  t.match(problemOf(bomb), /unpacks to more/, 'a ratio of a thousand')
  t.end()
})
