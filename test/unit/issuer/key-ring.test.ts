// Keys as they are now: what a change of the shared directory does to a gateway that is running.

import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto'
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { openKeyRing, KEY_POLL_MS } from '../../../gateway/issuer/key-ring.ts'
import type { IssuerKeySource } from '../../../gateway/issuer/key-source.ts'
import { openIssuerKeys } from '../../../gateway/issuer/keys.ts'
import { createMint } from '../../../gateway/issuer/mint.ts'
import { dropKeys, rotateKeys } from '../../../gateway/issuer/rotation.ts'
import { ManualTime } from '../../support/manual-time.ts'
import { peer } from '../../support/peers.ts'

const AHEAD = 24 * 3_600_000
const agent = peer()
const request = { subject: agent.spiffeId, audience: 'sts.amazonaws.com', peer: agent }

interface Scene {
  readonly directory: string
  readonly time: ManualTime
  readonly problems: unknown[]
  readonly options: Parameters<typeof rotateKeys>[0]
  open(): Promise<IssuerKeySource>
}

function scene(t: Test): Scene {
  const directory = join(t.testdir(), 'keys')
  const time = new ManualTime()
  const problems: unknown[] = []
  return {
    directory,
    time,
    problems,
    get options() {
      const now = time.now()
      const rest = { publishAheadMs: AHEAD, isPublishedAsFiles: false } as const
      return { directory, algorithm: 'RS256' as const, now, ...rest }
    },
    open: async () => {
      const ring = await openKeyRing({
        directory,
        algorithms: ['RS256'],
        clock: time,
        timers: time,
        onProblem: (problem) => problems.push(problem),
      })
      t.teardown(() => ring.close())
      return ring
    },
  }
}

function minter(keys: IssuerKeySource) {
  return createMint({
    issuerUrl: 'https://oidc.example.org',
    keys,
    tokenTtlSeconds: 300,
    randomId: () => 'id',
  })
}

/** The kid of a token that is made now, or the rule of the refusal; the signature is verified. */
async function signedBy(keys: IssuerKeySource, now: number): Promise<string> {
  const minted = await minter(keys)(request, now)
  if (!minted.ok) return minted.error.rule ?? minted.error.code
  const [header = '', claims = '', signature = ''] = minted.value.token.reveal().split('.')
  const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }
  const jwk = keys.current().published.find((key) => key.jwk.kid === kid)?.jwk
  if (jwk === undefined) return 'a key that is not published'
  const key = createPublicKey({ key: { ...jwk }, format: 'jwk' })
  const isGood = verify(
    'sha256',
    Buffer.from(`${header}.${claims}`),
    key,
    Buffer.from(signature, 'base64url'),
  )
  return isGood ? kid : 'a wrong signature'
}

function kids(keys: IssuerKeySource): string[] {
  return keys.current().published.map(({ jwk }) => jwk.kid)
}

t.test('IS-rotate: every key is published for its time before it signs, and after', async (t) => {
  const s = scene(t)
  const [one, two] = [await s.open(), await s.open()]
  const first = await signedBy(one, s.time.now())
  const prepared = await rotateKeys(s.options)
  t.equal(prepared.step, 'prepared')
  if (prepared.step !== 'prepared') return
  t.equal(prepared.signsFrom, s.time.now() + AHEAD)
  for (const keys of [one, two]) {
    t.equal(await signedBy(keys, s.time.now()), first, 'the old key signs')
    t.strictSame(kids(keys), [first, prepared.next], 'the new one is published')
  }
  s.time.advance(AHEAD - 1)
  const early = await rotateKeys(s.options)
  t.equal(early.step, 'too-early')
  s.time.advance(1)
  const rotated = await rotateKeys(s.options)
  t.match(rotated, { step: 'rotated', active: prepared.next, retired: first, removed: [] })
  for (const keys of [one, two]) {
    t.equal(await signedBy(keys, s.time.now()), prepared.next, 'running gateways take it up')
    t.equal(kids(keys).length, 3, 'active, next and retired')
    t.ok(kids(keys).includes(first), 'the retired key verifies as long as its tokens live')
  }
  const retired = (await readdir(s.directory)).find((name) => name.startsWith('retired-')) ?? ''
  t.match(retired, first)
  // Its private half is gone: only the public one can be read.
  t.notMatch(await readFile(join(s.directory, retired), 'utf8'), /PRIVATE/)
  s.time.advance(AHEAD + 315_000)
  const again = await rotateKeys(s.options)
  t.match(again, { step: 'rotated', removed: [first] })
})

t.test('IS-early: a key that takes over by hand before its time signs nothing', async (t) => {
  const s = scene(t)
  const running = await s.open()
  const first = await signedBy(running, s.time.now())
  const prepared = await rotateKeys(s.options)
  if (prepared.step === 'unpublished' || prepared.step === 'rotated') return t.fail()
  await rename(join(s.directory, 'active.pem'), join(s.directory, 'retired-by-hand.pem'))
  await rename(join(s.directory, 'next.pem'), join(s.directory, 'active.pem'))
  t.equal(await signedBy(running, s.time.now()), first, 'a running gateway stays with the old one')
  const started = await s.open()
  t.equal(await signedBy(started, s.time.now()), 'IS-3', 'one that starts now signs nothing')
  s.time.advance(AHEAD)
  t.equal(await signedBy(running, s.time.now()), prepared.next)
  t.equal(await signedBy(started, s.time.now()), prepared.next)
  return t.end()
})

t.test('IS-dropped: a dropped key signs nothing more, from that moment on', async (t) => {
  const s = scene(t)
  const running = await s.open()
  const first = await signedBy(running, s.time.now())
  const prepared = await rotateKeys(s.options)
  const dropped = await dropKeys({ ...s.options, keepNext: false })
  t.strictSame(dropped.dropped, [first, 'next' in prepared ? prepared.next : ''], 'the next, too')
  t.equal(await signedBy(running, s.time.now()), dropped.active)
  t.strictSame(kids(running), [dropped.active, dropped.next])
  t.notOk(dropped.isKnown)
  s.time.advance(AHEAD)
  const kept = await dropKeys({ ...s.options, keepNext: true })
  t.match(kept, { active: dropped.next, isKnown: true, dropped: [dropped.active] })
  t.equal(await signedBy(running, s.time.now()), dropped.next)
})

t.test('IS-dropped: a next key that is kept signs at once, however young it is', async (t) => {
  const s = scene(t)
  const running = await s.open()
  await rotateKeys(s.options)
  const kept = await dropKeys({ ...s.options, keepNext: true })
  t.notOk(kept.isKnown)
  t.equal(await signedBy(running, s.time.now()), kept.active)
})

t.test(
  'IS-1: while the directory cannot be read, nothing is signed, and none is made',
  async (t) => {
    const s = scene(t)
    const running = await s.open()
    const first = await signedBy(running, s.time.now())
    const saved = join(t.testdirName, 'saved')
    await rename(s.directory, saved)
    t.equal(await signedBy(running, s.time.now()), 'IS-1')
    t.equal(await signedBy(running, s.time.now()), 'IS-1')
    t.equal(s.problems.length, 1, 'told once')
    t.strictSame(kids(running), [first], 'what was published stays published')
    t.strictSame(await readdir(t.testdirName), ['saved'], 'no new directory')
    await rename(saved, s.directory)
    t.equal(await signedBy(running, s.time.now()), first)
    await rm(join(s.directory, 'active.pem'))
    t.equal(await signedBy(running, s.time.now()), 'IS-1')
    t.strictSame(await readdir(s.directory), [], 'an empty directory is no reason for a new key')
  },
)

t.test('IS-1: half a change is no new key: the last good one is not used either', async (t) => {
  const s = scene(t)
  const running = await s.open()
  await writeFile(join(s.directory, 'next.pem'), 'no key', { mode: 0o600 })
  t.equal(await signedBy(running, s.time.now()), 'IS-1')
  await rm(join(s.directory, 'next.pem'))
  t.equal(await signedBy(running, s.time.now()), kids(running)[0])
})

t.test('the documents follow a change without a request, by the poll', async (t) => {
  const s = scene(t)
  const running = await s.open()
  t.equal(kids(running).length, 1)
  await rotateKeys(s.options)
  s.time.advance(KEY_POLL_MS)
  t.ok((await running.refresh()).ok)
  t.equal(kids(running).length, 2)
  const closed = await s.open()
  const timers = s.time.running
  closed.close()
  t.equal(s.time.running, timers - 1, 'closing ends the poll')
})

t.test('a time that cannot be read is not taken for none', async (t) => {
  const s = scene(t)
  await openIssuerKeys(s.directory)
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  for (const line of ['svidgate-signs-from: tomorrow', 'svidgate-signs-from:']) {
    await writeFile(join(s.directory, 'active.pem'), `${line}\n${pem}`, { mode: 0o600 })
    await t.rejects(openIssuerKeys(s.directory), /holds no RFC 3339 time/, line)
  }
})

t.test('two rotations at once: one is refused, with what to do', async (t) => {
  const s = scene(t)
  await s.open()
  const results = await Promise.allSettled([rotateKeys(s.options), rotateKeys(s.options)])
  const failed = results.filter(({ status }) => status === 'rejected')
  t.equal(failed.length, 1)
  await writeFile(join(s.directory, '.changing'), '')
  await t.rejects(rotateKeys(s.options), /another change .* is under way; .*rm .*\.changing/)
})

t.test('keys of ES256 lie beside those of RS256, and sign as JWS wants it', async (t) => {
  const s = scene(t)
  const ring = await openKeyRing({
    directory: s.directory,
    algorithms: ['RS256', 'ES256'],
    clock: s.time,
    timers: s.time,
    onProblem: (problem) => t.fail(String(problem)),
  })
  t.teardown(() => ring.close())
  t.strictSame(await readdir(join(s.directory, 'es256')), ['active.pem'])
  const minted = await minter(ring)({ ...request, algorithm: 'ES256' }, s.time.now())
  if (!minted.ok) return t.fail(minted.error.detail)
  const [header = '', claims = '', signature = ''] = minted.value.token.reveal().split('.')
  const { kid, alg } = JSON.parse(Buffer.from(header, 'base64url').toString()) as {
    kid: string
    alg: string
  }
  t.equal(alg, 'ES256')
  const jwk = ring.current().published.find((key) => key.jwk.kid === kid)?.jwk
  t.strictSame(Object.keys(jwk ?? {}).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
  const key = createPublicKey({ key: { ...jwk }, format: 'jwk' })
  const bytes = Buffer.from(signature, 'base64url')
  t.equal(bytes.length, 64, 'r and s (RFC 7518 §3.4)')
  t.ok(
    verify('sha256', Buffer.from(`${header}.${claims}`), { key, dsaEncoding: 'ieee-p1363' }, bytes),
  )
  return t.end()
})

t.test('IS-2: a token of an algorithm without keys is refused', async (t) => {
  const s = scene(t)
  const minted = await minter(await s.open())({ ...request, algorithm: 'ES256' }, s.time.now())
  t.match(minted, { ok: false, error: { code: 'ERR_SG_CREDENTIAL_CONFIG', rule: 'IS-2' } })
})
