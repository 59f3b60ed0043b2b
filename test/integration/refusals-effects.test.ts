// Allowed, and yet nothing leaves: an upstream that is not there or not who it must be, an address
// that may not be dialled, a decision that cannot be recorded, a fault that nobody foresaw.

import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import t from 'tap'
import { createDevTrustDomain } from '../../gateway/spiffe/dev-ca.ts'
import type { Lookup } from '../../gateway/upstream/guarded-connect.ts'
import { closedPort } from '../support/closed-port.ts'
import { FaultyAuditFs } from '../support/faulty-audit-fs.ts'
import { RawConnection } from '../support/raw-connection.ts'
import { playRefusals, s3Head, sdkRefusal } from '../support/refusal-scene.ts'
import { startTestGateway, type TestGateway } from '../support/running-gateway.ts'
import { ScriptedUpstream } from '../support/scripted-upstream.ts'
import { unmatched } from '../support/verdicts.ts'

const Bucket = 'reports'
const Key = '2026/k'

const put = (test: TestGateway) =>
  test
    .s3(test.svid('writer'), { maxAttempts: 1 })
    .send(new PutObjectCommand({ Bucket, Key, Body: 'x' }))

t.test('the upstream is down', async (t) => {
  await playRefusals(t, { s3Origin: `https://127.0.0.1:${await closedPort()}` }, [
    {
      id: 'connection refused',
      send: (test) => sdkRefusal(put(test)),
      answer: '502 BadGateway ERR_SG_UPSTREAM_UNREACHABLE',
      stsCalls: 1,
      wasAllowed: true,
    },
  ])
})

t.test('an upstream with a certificate of a stranger gets no byte', async (t) => {
  const stranger = createDevTrustDomain({ trustDomain: 'other.test', now: Date.now() })
  const { keyPem, certPem } = stranger.issueServerCertificate({ names: ['127.0.0.1'] })
  const upstream = new ScriptedUpstream(() => undefined)
  const s3Server = () => upstream.start({ key: keyPem, cert: certPem })
  await playRefusals(t, { s3Server }, [
    {
      id: 'not its certificate',
      send: (test) => sdkRefusal(put(test)),
      answer: '502 BadGateway ERR_SG_UPSTREAM_UNREACHABLE',
      stsCalls: 1,
      wasAllowed: true,
    },
  ])
  t.equal(upstream.bytes, 0)
})

/** DNS that an attacker answers: the name points inside, or to the metadata server. */
const pointingTo =
  (address: string): Lookup =>
  (_name, _options, done) =>
    done(null, [{ address, family: address.includes(':') ? 6 : 4 }])

for (const address of ['169.254.169.254', '10.0.0.1', 'fd00:ec2::254', '::ffff:169.254.169.254']) {
  t.test(`a name that resolves to ${address} is not dialled`, (t) =>
    playRefusals(t, { lookup: pointingTo(address), s3Origin: 'https://s3.example.com' }, [
      {
        id: 'egress guard',
        send: (test) => sdkRefusal(put(test)),
        answer: '502 BadGateway ERR_SG_UPSTREAM_REFUSED',
        stsCalls: 1,
        wasAllowed: true,
      },
    ]),
  )
}

t.test('nor is a token endpoint at such a name', (t) =>
  playRefusals(t, { lookup: pointingTo('169.254.169.254'), stsOrigin: 'https://sts.example.com' }, [
    {
      id: 'egress guard',
      send: (test) => sdkRefusal(put(test)),
      answer: '403 AccessDenied ERR_SG_CREDENTIAL_CONFIG',
    },
  ]),
)

t.test('what cannot be recorded is not done', (t) => {
  const fs = new FaultyAuditFs()
  const whileFull = async (sent: () => Promise<unknown>) => {
    fs.freeBytes = 0
    const refusal = await sdkRefusal(sent())
    fs.freeBytes = Number.POSITIVE_INFINITY
    return refusal
  }
  const answer = '503 ServiceUnavailable ERR_SG_AUDIT_UNAVAILABLE'
  return playRefusals(t, { auditFs: fs }, [
    {
      id: 'an allowed request',
      send: (test) => whileFull(() => put(test)),
      answer,
      stsCalls: 1,
      isUnrecorded: true,
    },
    {
      id: 'a denied one',
      send: (test) =>
        whileFull(() =>
          test
            .s3(test.svid('writer'), { maxAttempts: 1 })
            .send(new GetObjectCommand({ Bucket, Key })),
        ),
      answer,
      isUnrecorded: true,
    },
  ])
})

t.test('wherever a fault strikes: nothing leaves unrecorded, nobody waits for ever', async (t) => {
  let countdown = Number.POSITIVE_INFINITY
  const requestMs = (): number => {
    countdown -= 1
    if (countdown === 0) throw new Error('injected')
    return performance.now()
  }
  const test = await startTestGateway({ requestMs })
  t.teardown(() => test.close())
  await put(test)
  const answers: string[] = []
  const request = s3Head(`PUT /aws/s3/${Bucket}/${Key}`, 'content-length: 1') + 'x'
  for (let nth = 1; nth < 50; nth += 1) {
    const connection = new RawConnection(await test.connect(test.svid('writer')))
    countdown = nth
    connection.write(request)
    await connection.until(
      () =>
        connection.isClosed ||
        connection.text.includes('</Error>') ||
        / 200 OK/.test(connection.text),
    )
    answers.push(/ERR_SG_[A-Z_]+| 200 OK/.exec(connection.text)?.[0] ?? 'cut')
    connection.socket.destroy()
    if (countdown > 0) break
  }
  t.equal(answers[0], 'cut', 'before there is a request')
  t.ok(answers.includes('ERR_SG_INTERNAL'), 'told as our own failure')
  t.equal(answers.at(-1), ' 200 OK', 'in the end it strikes nothing')
  t.equal(test.log.filter((line) => line.includes('nobody foresaw')).length, answers.length - 1)
  const records = await test.stop()
  t.same(unmatched(records), [])
  const allowed = records.filter(({ result }) => (result as { allow?: boolean })?.allow === true)
  const reached = test.cloud.requests.filter(({ service }) => service === 's3')
  t.ok(reached.length <= allowed.length)
})
