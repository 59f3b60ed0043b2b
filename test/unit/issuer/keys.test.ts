// The issuer's key directory: made on first start, kept, and refused when others could read it.

import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import t from 'tap'
import { GatewayError } from '../../../gateway/errors.ts'
import { openIssuerKeys } from '../../../gateway/issuer/keys.ts'

// RFC 7638 §3.1
const RFC_7638_KEY = {
  kty: 'RSA',
  n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
  e: 'AQAB',
}
const RFC_7638_THUMBPRINT = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'

function pem(modulusLength = 2048): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength })
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

async function keyFile(directory: string, name: string, text: string, mode = 0o600): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  await writeFile(join(directory, name), text)
  await chmod(join(directory, name), mode)
}

t.test('the first start makes one 2048-bit key that only we can read, and keeps it', async (t) => {
  const directory = join(t.testdir(), 'state', 'issuer-keys')
  const first = await openIssuerKeys(directory)
  t.strictSame(await readdir(directory), ['active.pem'], 'one file, no draft left behind')
  t.equal((await stat(join(directory, 'active.pem'))).mode & 0o777, 0o600)
  t.equal((await stat(directory)).mode & 0o777, 0o700)
  const onDisk = createPrivateKey(await readFile(join(directory, 'active.pem')))
  t.ok(onDisk.equals(first.active.privateKey), 'what signs is what was kept')
  t.equal(first.active.privateKey.asymmetricKeyDetails?.modulusLength, 2048)
  const again = await openIssuerKeys(directory)
  t.equal(again.active.kid, first.active.kid, 'a restart keeps the key')
  t.notMatch(inspect(first, { depth: 9, showHidden: true }), /PRIVATE KEY|"d":/)
})

t.test('several first starts at once agree on one key', async (t) => {
  const directory = join(t.testdir(), 'keys')
  const all = await Promise.all(Array.from({ length: 4 }, () => openIssuerKeys(directory)))
  t.equal(new Set(all.map((keys) => keys.active.kid)).size, 1)
  t.strictSame(await readdir(directory), ['active.pem'])
})

t.test('kid is the RFC 7638 thumbprint; next and retired keys are published beside', async (t) => {
  const directory = join(t.testdir(), 'keys')
  const rfc = createPublicKey({ key: RFC_7638_KEY, format: 'jwk' })
  await keyFile(directory, 'active.pem', pem())
  await keyFile(directory, 'next.pem', pem())
  await keyFile(
    directory,
    'retired-2026.pem',
    rfc.export({ type: 'spki', format: 'pem' }).toString(),
  )
  await keyFile(directory, 'notes.txt', 'not a key', 0o644)
  const keys = await openIssuerKeys(directory)
  t.strictSame(
    keys.published.map((key) => key.state),
    ['active', 'next', 'retired'],
  )
  t.equal(keys.published[0]?.jwk.kid, keys.active.kid)
  t.equal(keys.published[2]?.jwk.kid, RFC_7638_THUMBPRINT)
  for (const { jwk } of keys.published) {
    t.strictSame(Object.keys(jwk).sort(), ['alg', 'e', 'kid', 'kty', 'n', 'use'])
  }
})

t.test('a key under two names is published once', async (t) => {
  const directory = join(t.testdir(), 'keys')
  const text = pem()
  await keyFile(directory, 'active.pem', text)
  await keyFile(directory, 'retired-old.pem', text)
  const keys = await openIssuerKeys(directory)
  t.strictSame(
    keys.published.map((key) => key.state),
    ['active'],
  )
})

const REFUSED: {
  id: string
  text: RegExp
  prepare: (directory: string) => Promise<void>
}[] = [
  {
    id: 'group may read',
    text: /open to others \(mode 640\): chmod 600/,
    prepare: (d) => keyFile(d, 'active.pem', pem(), 0o640),
  },
  {
    id: 'world may read',
    text: /open to others \(mode 604\)/,
    prepare: (d) => keyFile(d, 'active.pem', pem(), 0o604),
  },
  {
    id: 'a retired key is open',
    text: /retired-a\.pem is open to others/,
    prepare: async (d) => {
      await keyFile(d, 'active.pem', pem())
      await keyFile(d, 'retired-a.pem', pem(), 0o644)
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
    text: /no active\.pem/,
    prepare: (d) => keyFile(d, 'retired-a.pem', pem()),
  },
  {
    id: 'not a key',
    text: /no unencrypted PEM private key/,
    prepare: (d) => keyFile(d, 'active.pem', 'canary-not-a-key'),
  },
  {
    id: 'public key only',
    text: /no unencrypted PEM private key/,
    prepare: async (d) =>
      keyFile(
        d,
        'active.pem',
        createPublicKey(pem()).export({ type: 'spki', format: 'pem' }).toString(),
      ),
  },
  {
    id: 'too short',
    text: /RSA key of 2048 bits or more/,
    prepare: (d) => keyFile(d, 'active.pem', pem(1024)),
  },
  {
    id: 'elliptic',
    text: /RSA key of 2048 bits or more/,
    prepare: (d) =>
      keyFile(
        d,
        'active.pem',
        generateKeyPairSync('ec', { namedCurve: 'P-256' })
          .privateKey.export({ type: 'pkcs8', format: 'pem' })
          .toString(),
      ),
  },
  {
    id: 'a directory as key',
    text: /no regular file|EISDIR/,
    prepare: async (d) => {
      await mkdir(join(d, 'active.pem'), { recursive: true, mode: 0o700 })
    },
  },
  { id: 'a file as directory', text: /cannot be made/, prepare: (d) => writeFile(d, '') },
  {
    id: 'too large',
    text: /too large/,
    prepare: (d) => keyFile(d, 'active.pem', 'x'.repeat(20_000)),
  },
]

for (const row of REFUSED) {
  t.test(`stops the start: ${row.id}`, async (t) => {
    const directory = join(t.testdir(), 'keys')
    await row.prepare(directory)
    const error = await openIssuerKeys(directory).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    t.ok(error instanceof GatewayError)
    if (!(error instanceof GatewayError)) return
    t.equal(error.code, 'ERR_SG_CREDENTIAL_CONFIG')
    t.match(error.detail, row.text)
    t.notMatch(error.detail, /canary|PRIVATE KEY/)
  })
}
