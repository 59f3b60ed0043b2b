// The scenario of the README before versitygw: what the shipped policy allows is done there, what it
// refuses reaches nobody, and the session that versitygw gave can do no more than the policy says.

import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import t from 'tap'
import { bytesOf, statusOf } from '../../support/s3-body.ts'
import {
  BUCKET as Bucket,
  FOREIGN_BUCKET,
  openVersitygwScene,
  SEEDED,
  sentTo,
  sessionOf,
} from './scene.ts'

const once = { maxAttempts: 1 }

t.test('the writer puts, nobody reads, and a refusal reaches nobody', async (t) => {
  const { test, cloud, sts, issuer } = await openVersitygwScene(t)
  t.same(issuer.asked, [], 'nobody has asked for our keys yet')
  const before = (await cloud.accessLog()).length

  const writer = test.s3(test.svid('writer'), once)
  await writer.send(new PutObjectCommand({ Bucket, Key: '2026/q3.csv', Body: 'q3,43\n' }))
  t.same(issuer.asked.toSorted(), ['/.well-known/jwks.json', '/.well-known/openid-configuration'])

  const researcher = test.s3(test.svid('researcher'), once)
  const stranger = test.s3(test.svid('writer', { agent: 'other-crew' }), once)
  const read = new GetObjectCommand({ Bucket, Key: '2026/q3.csv' })
  const put = (Key: string): PutObjectCommand => new PutObjectCommand({ Bucket, Key, Body: 'x' })
  const refused: readonly (readonly [what: string, send: () => Promise<unknown>])[] = [
    ['the writer reads back', () => writer.send(read)],
    ['the writer puts elsewhere', () => writer.send(put('2025/x'))],
    ['the writer lists', () => writer.send(new ListObjectsV2Command({ Bucket }))],
    ['the researcher reads', () => researcher.send(read)],
    ['the researcher puts', () => researcher.send(put('2026/x'))],
    ['a writer of another crew puts', () => stranger.send(put('2026/x'))],
  ]
  for (const [what, send] of refused) {
    await t.rejects(send(), { name: 'AccessDenied', message: /ERR_SG_DENIED/ }, what)
  }
  t.equal(sts.calls.length, 1, 'a refusal costs no session')

  const stored = await cloud
    .s3(cloud.root)
    .send(new GetObjectCommand({ Bucket, Key: '2026/q3.csv' }))
  t.equal((await bytesOf(stored.Body)).toString(), 'q3,43\n', 'the object is there')
  t.same(
    sentTo((await cloud.accessLog()).slice(before)),
    ['PutObject 200 2026/q3.csv', 'GetObject 200 2026/q3.csv'],
    'the put, and the look of the test itself; nothing else was sent',
  )
})

t.test('versitygw itself holds the session to the policy of the decision', async (t) => {
  const { test, cloud, sts } = await openVersitygwScene(t)
  const agent = test.s3(test.svid('writer'), once)
  await agent.send(new PutObjectCommand({ Bucket, Key: '2026/q3.csv', Body: 'x' }))
  const [call] = sts.calls
  t.match(call?.parameters.get('Policy'), /s3:PutObject.*reports\/2026\//)

  const narrowed = cloud.s3(sessionOf(call?.answer))
  const form = new URLSearchParams(call?.form)
  form.delete('Policy')
  const ofTheRole = cloud.s3(sessionOf(await sts.pass({ form: form.toString() })))

  const read = new GetObjectCommand({ Bucket, Key: SEEDED.key })
  const put = (Key: string): PutObjectCommand => new PutObjectCommand({ Bucket, Key, Body: 'x' })
  t.equal(await statusOf(narrowed.send(put('2026/direct'))), undefined, 'what the policy allows')
  t.equal(await statusOf(narrowed.send(put('2025/direct'))), 403, 'another prefix')
  t.equal(await statusOf(narrowed.send(read)), 403, 'reading')
  t.equal(await statusOf(ofTheRole.send(put('2025/direct'))), undefined, 'the role alone may')
  t.equal(await statusOf(ofTheRole.send(read)), undefined, 'and read')
  const elsewhere = new PutObjectCommand({ Bucket: FOREIGN_BUCKET, Key: '2026/x', Body: 'x' })
  t.equal(await statusOf(ofTheRole.send(elsewhere)), 403, 'but in no other bucket')
})

// To S3 the parts of a key mean nothing; versitygw keeps files, and reads `2026/../2025/x` as `2025/x`.
t.test('a key that climbs out of the prefix that was granted leads nowhere', async (t) => {
  const { test, cloud } = await openVersitygwScene(t)
  const writer = test.s3(test.svid('writer'), once)
  const own = cloud.s3(cloud.root)
  for (const Key of ['2026/../2025/x', '2026/a/../../2025/x', '2026/../../archive/x']) {
    const put = writer.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))
    await t.rejects(put, Key)
  }
  const listed = await own.send(new ListObjectsV2Command({ Bucket }))
  t.same(
    listed.Contents?.map(({ Key }) => Key),
    [SEEDED.key],
    'nothing was written anywhere',
  )
  t.equal((await own.send(new ListObjectsV2Command({ Bucket: FOREIGN_BUCKET }))).KeyCount, 0)
})
