// From a configuration to the policy in force: what a bundle must prove besides being one.

import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { loadPolicy } from '../../../gateway/compose/generation.ts'
import type { Config } from '../../../gateway/config/config.ts'
import { readTarGz } from '../../../gateway/policy/bundle/tar-archive.ts'
import { loadRight } from '../../support/config-fixture.ts'
import { REPOSITORY, repositoryFile } from '../../support/policy.ts'
import { tarGz } from '../../support/tar.ts'

type Verification = Partial<Config['policy']['verification']>

/** The right configuration with another bundle and another proof. */
async function configWith(
  source: string,
  verification: Verification,
  decision = 'svidgate/authz/decision',
): Promise<Config> {
  const { config } = await loadRight()
  const policy: Config['policy'] = {
    ...config.policy,
    bundles: [{ name: 'authz', source, tenants: ['*'] }],
    verification: { required: false, keys: new Map(), ...verification },
    decision,
  }
  return { ...config, policy }
}

/** `taken`, or the one problem with its remedy. */
async function verdict(config: Config): Promise<string> {
  const loaded = await loadPolicy(config)
  if (loaded.ok) return 'taken'
  return loaded.error.map(({ message, hint }) => `${message}; ${hint}`).join('\n')
}

/** The shipped bundle as another revision of it. */
async function bundleOf(t: Test, revision: string | undefined): Promise<string> {
  const archive = readTarGz(await repositoryFile('bundles/authz.tar.gz'))
  if (!archive.ok) throw new Error(archive.error)
  const files = new Map(archive.value)
  const manifest: unknown = JSON.parse(String(files.get('.manifest')))
  files.set('.manifest', Buffer.from(JSON.stringify(Object.assign({}, manifest, { revision }))))
  const path = join(t.testdir(), 'bundle.tar.gz')
  await writeFile(path, tarGz([...files].map(([name, content]) => ({ name, content }))))
  return path
}

const FLOORS: readonly (readonly [
  id: string,
  revision: string | undefined,
  floor: number | undefined,
  isTaken: boolean,
])[] = [
  ['no floor', '7', undefined, true],
  ['the floor itself', '7', 7, true],
  ['above the floor', '8', 7, true],
  ['below the floor', '6', 7, false],
  ['a shorter number below the floor', '9', 10, false],
  ['a longer number above the floor', '10', 9, true],
  ['a floor of zero still wants an integer', 'v1', 0, false],
  ['a digest', '0f1e2d3c4b5a6978', 1, false],
  ['no revision', undefined, 1, false],
  ['an empty revision', '', 0, false],
  ['blanks around it', ' 8 ', 7, false],
  ['a sign', '+8', 7, false],
  ['hexadecimal', '0x8', 7, false],
  ['an exponent', '1e9', 7, false],
  ['beyond what is counted exactly', '9007199254740993', 7, false],
]

for (const [id, revision, minRevision, isTaken] of FLOORS) {
  t.test(`minRevision: ${id}`, async (t) => {
    const path = await bundleOf(t, revision)
    const told = await verdict(
      await configWith(path, minRevision === undefined ? {} : { minRevision }),
    )
    if (isTaken) {
      t.equal(told, 'taken')
      return
    }
    t.ok(told.includes(`${path}: revision "${revision ?? ''}" is below`), told)
    t.match(told, /policy\.verification\.minRevision \d+; .*--revision/)
  })
}

t.test('a configured key verifies by its own algorithm', async (t) => {
  for (const algorithm of ['es256', 'rs256']) {
    const name = `test/fixtures/bundles/signed-${algorithm}`
    const path = join(REPOSITORY, `${name}.tar.gz`)
    const text = String(await repositoryFile(`${name}.pub.pem`))
    const keys = new Map([['main', { path: 'main.pem', text }]])
    t.equal(
      await verdict(await configWith(path, { required: true, keys }, 'signed/allow')),
      'taken',
      algorithm,
    )
    t.match(
      await verdict(await configWith(path, { required: true }, 'signed/allow')),
      /signed-.*: .*signature/,
      `${algorithm} without the key`,
    )
  }
})

t.test('a key that is too weak, or of another kind, is named with the remedy', async (t) => {
  const path = join(REPOSITORY, 'bundles/authz.tar.gz')
  const publicKeys = {
    'RSA of 1024 bits': generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey,
    secp256k1: generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey,
    Ed25519: generateKeyPairSync('ed25519').publicKey,
  }
  for (const [id, key] of Object.entries(publicKeys)) {
    const text = key.export({ type: 'spki', format: 'pem' }).toString()
    const keys = new Map([['main', { path: '/keys/main.pem', text }]])
    t.equal(
      await verdict(await configWith(path, { keys })),
      '/keys/main.pem: this key cannot verify a bundle (policy.verification.keys.main); use RSA of 2048 bits or more, P-256, P-384 or P-521',
      id,
    )
  }
})

t.test('a bundle without the entrypoint that decides is no policy', async (t) => {
  const path = join(REPOSITORY, 'bundles/authz.tar.gz')
  t.match(await verdict(await configWith(path, {}, 'svidgate/authz/other')), /authz\/other/)
})
