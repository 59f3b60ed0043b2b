// What comes back: passed on as it comes, but for the one kind of answer that repeats a credential.

import t from 'tap'
import { ok } from '../../../gateway/util/result.ts'
import { answering, PipelineScene, type Cloud } from '../../support/pipeline-scene.ts'
import { s3Head } from '../../support/s3-facts.ts'
import { awsCredential } from '../../support/shaped.ts'

const GET = s3Head('GET', '/reports/2026/q2.csv')
const XML = [['content-type', 'application/xml']] as const
const { accessKeyId, sessionToken, secretAccessKey } = awsCredential()

const ECHOES: readonly (readonly [id: string, body: string])[] = [
  ['the access key', `<Error><AWSAccessKeyId>${accessKeyId}</AWSAccessKeyId></Error>`],
  ['the session token', `<Error><Token-0>${sessionToken.reveal()}</Token-0></Error>`],
  ['the secret', `<Error><Message>${secretAccessKey.reveal()}</Message></Error>`],
]

for (const [id, body] of ECHOES) {
  for (const status of [400, 403]) {
    t.test(
      `an error ${status} that repeats ${id} is replaced, and the credential forgotten`,
      async (t) => {
        const scene = new PipelineScene({ cloud: answering(status, XML, body) })
        const exchange = await scene.run(GET)
        t.equal(exchange.status, 503)
        t.match(exchange.text, /ERR_SG_CREDENTIAL_UNAVAILABLE/)
        t.notOk(exchange.text.includes(body.slice(10, 40)))
        t.strictSame(scene.purged, ['aws-data'])
        t.match(scene.outcomes, [{ end: 'refused', upstream: { status }, status: 503 }])
      },
    )
  }
}

t.test('an error that repeats nothing is passed on as it is', async (t) => {
  const body = '<Error><Code>AccessDenied</Code></Error>'
  const scene = new PipelineScene({ cloud: answering(403, XML, body) })
  const exchange = await scene.run(GET)
  t.equal(exchange.status, 403)
  t.equal(exchange.text, body)
  t.strictSame(exchange.headers, XML)
  t.strictSame(scene.purged, [])
  t.match(scene.outcomes, [{ end: 'complete', status: 403 }])
})

t.test('an error too long to be looked through is not passed on', async (t) => {
  const chunk = Buffer.alloc(64 * 1024, 'a')
  const endless: Cloud = (sink) => {
    sink.onHead(403, XML)
    for (let sent = 0; sent < 5; sent += 1) sink.onData(chunk)
    return Promise.resolve(ok({ status: 403, requestId: undefined, bytesIn: 0, bytesOut: 0 }))
  }
  const scene = new PipelineScene({ cloud: endless })
  const exchange = await scene.run(GET)
  t.equal(exchange.status, 503)
  t.notMatch(exchange.text, /aaaa/)
})

t.test('the pace of the client is the pace of the cloud', async (t) => {
  const pace: boolean[] = []
  let resumed = 0
  const scene = new PipelineScene({
    cloud: (sink) => {
      sink.onHead(200, [])
      pace.push(sink.onData(Buffer.from('a')))
      return new Promise((resolve) => {
        sink.onDrain(() => {
          resumed += 1
          sink.onEnd()
          resolve(ok({ status: 200, requestId: undefined, bytesIn: 1, bytesOut: 0 }))
        })
      })
    },
  })
  const { exchange, done } = scene.begin(GET, { isSlow: true })
  await new Promise(setImmediate)
  t.strictSame(pace, [false], 'no more for now')
  t.notOk(exchange.isEnded)
  exchange.drain()
  await done
  t.equal(resumed, 1)
  t.ok(exchange.isEnded)
})

t.test('what the cloud said and counted is in the record', async (t) => {
  const scene = new PipelineScene({
    cloud: (sink) => {
      sink.onHead(206, [])
      return Promise.resolve(ok({ status: 206, requestId: 'ABC', bytesIn: 3, bytesOut: 4 }))
    },
  })
  await scene.run(GET)
  t.match(scene.outcomes, [
    { status: 206, upstream: { status: 206, request_id: 'ABC', bytes_in: 3, bytes_out: 4 } },
  ])
})
