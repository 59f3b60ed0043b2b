// A program signs: what it may know, how long it may take, and that nothing it says is believed.

import {
  createPublicKey,
  createSign,
  generateKeyPairSync,
  verify,
  type KeyObject,
} from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import {
  openCommandSigner,
  type CommandSignerOptions,
} from '../../../gateway/issuer/command-signer.ts'
import type { TokenSigner } from '../../../gateway/issuer/signer.ts'
import { systemTimers } from '../../../gateway/util/timers.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const INPUT = Buffer.from('eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0')

function pemOf(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString()
}

async function program(t: Test, script: string): Promise<string> {
  const path = join(t.testdir(), 'signer.sh')
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o700)
  return path
}

async function signerOf(options: Partial<CommandSignerOptions>): Promise<TokenSigner> {
  const keys = await openCommandSigner({
    argv: ['/bin/false'],
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    deadlineMs: 10_000,
    output: 'raw',
    publicKey: pemOf(rsa.publicKey),
    others: [],
    timers: systemTimers,
    ...options,
  })
  const [signer] = keys.signers.values()
  if (signer === undefined) throw new Error('no signer')
  return signer
}

function keyFiles(t: Test): { rsaKey: string; ecKey: string } {
  const directory = t.testdir({
    'rsa.pem': rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    'ec.pem': ec.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  })
  return { rsaKey: join(directory, 'rsa.pem'), ecKey: join(directory, 'ec.pem') }
}

t.test('openssl as it is: RS256 from its raw output', async (t) => {
  const { rsaKey } = keyFiles(t)
  const openssl = execFileSync('/bin/sh', ['-c', 'command -v openssl']).toString().trim()
  const signer = await signerOf({ argv: [openssl, 'dgst', '-sha256', '-sign', rsaKey] })
  t.equal(signer.algorithm, 'RS256')
  const signed = await signer.sign(INPUT)
  if (!signed.ok) return t.fail(signed.error.detail)
  t.ok(verify('RSA-SHA256', INPUT, rsa.publicKey, signed.value))
  return t.end()
})

t.test('openssl as it is: ES256 from its DER, also in base64', async (t) => {
  const { ecKey } = keyFiles(t)
  const openssl = execFileSync('/bin/sh', ['-c', 'command -v openssl']).toString().trim()
  const publicKey = pemOf(ec.publicKey)
  const key = { key: ec.publicKey, dsaEncoding: 'ieee-p1363' as const }
  const argv = ['/bin/sh', '-c', `${openssl} dgst -sha256 -sign ${ecKey} | base64`] as const
  const raw = await signerOf({ argv: [openssl, 'dgst', '-sha256', '-sign', ecKey], publicKey })
  const base64 = await signerOf({ argv, output: 'base64', publicKey })
  // Short integers of DER come up once in a few hundred: enough turns to meet some in time.
  for (const signer of [raw, base64, raw, base64]) {
    t.equal(signer.algorithm, 'ES256')
    const signed = await signer.sign(INPUT)
    if (!signed.ok) return t.fail(signed.error.detail)
    t.equal(signed.value.length, 64)
    t.ok(verify('sha256', INPUT, key, signed.value))
  }
  return t.end()
})

t.test(
  'the kid is the key’s thumbprint; further keys are published, and sign nothing',
  async (t) => {
    const keys = await openCommandSigner({
      argv: ['/bin/false'],
      env: {},
      deadlineMs: 1000,
      output: 'raw',
      publicKey: pemOf(rsa.publicKey),
      others: [pemOf(ec.publicKey), pemOf(rsa.publicKey)],
      timers: systemTimers,
    })
    t.strictSame([...keys.signers.keys()], ['RS256'])
    t.strictSame(
      keys.published.map(({ jwk }) => jwk.kty),
      ['RSA', 'EC'],
      'none twice',
    )
    t.notMatch(JSON.stringify(keys.published.map(({ jwk }) => jwk)), /"d"/)
  },
)

const good = createSign('RSA-SHA256').update(INPUT).sign(rsa.privateKey)
const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const foreign = createSign('RSA-SHA256').update(INPUT).sign(other)
const stale = createSign('RSA-SHA256').update('another').sign(rsa.privateKey)

function hexOut(bytes: Buffer): string {
  return `cat >/dev/null; printf '%s' '${bytes.toString('base64')}' | base64 -d`
}

const BAD: { id: string; code: string; rule: string; script: string; deadlineMs?: number }[] = [
  { id: 'another key', code: 'CONFIG', rule: 'IS-5', script: hexOut(foreign) },
  { id: 'another text', code: 'CONFIG', rule: 'IS-5', script: hexOut(stale) },
  { id: 'one byte less', code: 'CONFIG', rule: 'IS-5', script: hexOut(good.subarray(1)) },
  { id: 'a newline behind', code: 'CONFIG', rule: 'IS-5', script: `${hexOut(good)}; echo` },
  { id: 'nothing', code: 'CONFIG', rule: 'IS-5', script: 'cat >/dev/null' },
  { id: 'exit code 3', code: 'UNAVAILABLE', rule: 'IS-4', script: `${hexOut(good)}; exit 3` },
  { id: 'killed', code: 'UNAVAILABLE', rule: 'IS-4', script: 'kill -9 $$' },
  {
    id: 'too late',
    code: 'UNAVAILABLE',
    rule: 'IS-4',
    script: `${hexOut(good)}; exec sleep 30`,
    deadlineMs: 200,
  },
  { id: 'too much', code: 'UNAVAILABLE', rule: 'IS-4', script: 'head -c 100000 /dev/zero' },
]

t.test('IS-4, IS-5: a program that fails, or lies, gives no signature', async (t) => {
  const control = await signerOf({ argv: [await program(t, hexOut(good))] })
  t.match(await control.sign(INPUT), { ok: true }, 'the control: the right bytes are taken')
  for (const { id, code, rule, script, deadlineMs = 10_000 } of BAD) {
    const signer = await signerOf({ argv: [await program(t, script)], deadlineMs })
    const signed = await signer.sign(INPUT)
    t.match(signed, { ok: false, error: { code: `ERR_SG_CREDENTIAL_${code}`, rule } }, id)
  }
  const absent = await signerOf({ argv: ['/absent/program'] })
  t.match(await absent.sign(INPUT), {
    ok: false,
    error: { code: 'ERR_SG_CREDENTIAL_UNAVAILABLE', detail: /cannot be started: ENOENT/ },
  })
})

t.test('it gets the environment that is configured, no shell, and the signing input', async (t) => {
  process.env['SVIDGATE_CANARY'] = 'secret'
  t.teardown(() => delete process.env['SVIDGATE_CANARY'])
  const script = `
[ -z "$SVIDGATE_CANARY" ] || exit 4
[ "$KEY" = 'a b; c' ] || exit 5
[ "$1" = '$(exit 6)' ] || exit 6
[ "$(cat)" = '${INPUT.toString()}' ] || exit 7
printf '%s' '${good.toString('base64')}' | base64 -d`
  const signer = await signerOf({
    argv: [await program(t, script), '$(exit 6)'],
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', KEY: 'a b; c' },
  })
  const signed = await signer.sign(INPUT)
  t.ok(signed.ok, signed.ok ? '' : signed.error.detail)
})

t.test('no more than sixteen run at once; the others are refused, not queued', async (t) => {
  // Its own child outlives the shell, unless the whole group is ended.
  const script = 'tail -f /dev/null; true'
  const signer = await signerOf({ argv: [await program(t, script)], deadlineMs: 500 })
  const runs = Array.from({ length: 16 }, () => signer.sign(INPUT))
  t.match(await signer.sign(INPUT), { ok: false, error: { detail: /too many/ } })
  for (const run of await Promise.all(runs)) {
    t.match(run, { ok: false, error: { detail: /no answer within 500 ms/ } })
  }
  t.match(await signer.sign(INPUT), { ok: false, error: { detail: /no answer/ } }, 'then again')
})

t.test('a key that is good for no algorithm of ours stops the start', async (t) => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
  const odd = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey
  for (const key of [weak, odd, generateKeyPairSync('ed25519').publicKey]) {
    await t.rejects(signerOf({ publicKey: pemOf(createPublicKey(pemOf(key))) }), TypeError)
  }
})
