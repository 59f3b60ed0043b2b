// The main job on real sockets: the vendor's SDK, our gateway, a cloud that verifies everything.

import { Readable } from 'node:stream'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import t from 'tap'
import { startTestGateway } from '../support/running-gateway.ts'

t.test('a writer puts, and the cloud sees its own session', async (t) => {
  const test = await startTestGateway()
  t.teardown(() => test.close())
  const s3 = test.s3(test.svid('writer'))
  await s3.send(new PutObjectCommand({ Bucket: 'reports', Key: '2026/a b+ü.csv', Body: 'x' }))
  await s3.send(
    new PutObjectCommand({
      Bucket: 'reports',
      Key: '2026/stream',
      Body: Readable.from([Buffer.alloc(70_000, 1), Buffer.alloc(70_000, 2)]),
      ContentLength: 140_000,
    }),
  )
  t.same(
    test.cloud.requests.map(({ operation, status }) => `${operation} ${status}`),
    ['sts.AssumeRoleWithWebIdentity 200', 's3.PutObject 200', 's3.PutObject 200'],
  )
  await t.rejects(s3.send(new GetObjectCommand({ Bucket: 'reports', Key: '2026/q2.csv' })), {
    name: 'AccessDenied',
    message: /ERR_SG_DENIED.*Role: writer/,
  })
  t.equal(test.cloud.requests.length, 3, 'what is refused reaches nobody')
})
