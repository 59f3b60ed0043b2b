import { createPublicKey, verify } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import {
  AuditSetupError,
  loadAuditKey,
  publicKeyId,
  publicKeyPath,
  readAuditPublicKey,
} from '../../../gateway/audit/audit-key.ts'
import { temporaryDirectory } from '../../support/audit.ts'

t.test('the key id is the RFC 7638 thumbprint of RFC 8037 A.3', async (t) => {
  const key = createPublicKey({
    format: 'jwk',
    key: { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
  })
  t.equal(publicKeyId(key), 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
})

t.test('a missing key is made, for its owner alone, with its public half beside it', async (t) => {
  const path = join(temporaryDirectory(t), 'keys', 'audit.pem')
  const signer = await loadAuditKey(path)
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.equal(publicKeyPath(path), path.replace('audit.pem', 'audit.pub.pem'))
  const publicKey = createPublicKey(readFileSync(publicKeyPath(path)))
  t.notMatch(readFileSync(publicKeyPath(path), 'utf8'), /PRIVATE/)
  t.ok(
    verify(
      null,
      Buffer.from('x'),
      publicKey,
      Buffer.from(signer.sign(Buffer.from('x')), 'base64url'),
    ),
  )
  t.equal((await loadAuditKey(path)).keyId, signer.keyId, 'and read again at the next start')
  t.equal(publicKeyId(await readAuditPublicKey(publicKeyPath(path))), signer.keyId)
})

t.test('a key that others can read is refused, with the remedy', async (t) => {
  const path = join(temporaryDirectory(t), 'audit.pem')
  await loadAuditKey(path)
  for (const mode of [0o640, 0o604, 0o620, 0o644]) {
    chmodSync(path, mode)
    await t.rejects(loadAuditKey(path), { name: 'AuditSetupError', hint: `run: chmod 600 ${path}` })
  }
})

t.test('a key that was made elsewhere is read: RFC 8410 §10.3', async (t) => {
  const path = join(temporaryDirectory(t), 'audit.pem')
  const pem = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
`
  writeFileSync(path, pem, { mode: 0o600 })
  const signer = await loadAuditKey(path)
  const publicPem = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
`
  t.equal(readFileSync(publicKeyPath(path), 'utf8'), publicPem)
  t.equal(signer.keyId, publicKeyId(createPublicKey(publicPem)))
})

t.test('anything but an Ed25519 key is refused without repeating it', async (t) => {
  const dir = temporaryDirectory(t)
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const contents: readonly (readonly [string, string])[] = [
    ['text', 'canary'],
    ['an RSA key', rsa.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()],
  ]
  for (const [id, content] of contents) {
    const path = join(dir, 'audit.pem')
    writeFileSync(path, content, { mode: 0o600 })
    const error: unknown = await loadAuditKey(path).catch((cause: unknown) => cause)
    t.ok(error instanceof AuditSetupError, id)
    t.notMatch(String(error), /canary|BEGIN/, id)
    t.notOk(existsSync(publicKeyPath(path)), id)
  }
})

t.test('the public key of an older audit key is never overwritten', async (t) => {
  const dir = temporaryDirectory(t)
  const older = join(dir, 'older.pem')
  await loadAuditKey(older)
  const path = join(dir, 'audit.pem')
  const kept = readFileSync(publicKeyPath(older))
  writeFileSync(publicKeyPath(path), kept)
  await t.rejects(loadAuditKey(path), { name: 'AuditSetupError', hint: /move it/ })
  t.strictSame(readFileSync(publicKeyPath(path)), kept)
})

t.test('verification takes public keys alone', async (t) => {
  const dir = temporaryDirectory(t)
  const path = join(dir, 'audit.pem')
  await loadAuditKey(path)
  await t.rejects(readAuditPublicKey(path), { message: /holds a private key/ })
  await t.rejects(readAuditPublicKey(join(dir, 'none.pem')), { message: /ENOENT/ })
  mkdirSync(join(dir, 'directory.pem'))
  await t.rejects(readAuditPublicKey(join(dir, 'directory.pem')), { message: /EISDIR/ })
})
