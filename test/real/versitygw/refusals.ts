// What versitygw refuses: first by itself, so that its 200s mean something, then before the gateway,
// whose agents read our codes where STS refused, and versitygw's own answer where S3 did.

import { createPrivateKey } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import t from 'tap'
import { builtBundle } from '../../support/built-bundle.ts'
import { statusOf } from '../../support/s3-body.ts'
import { TOKEN_CASES, tokenOf } from '../../support/token-cases.ts'
import {
  BUCKET as Bucket,
  FOREIGN_BUCKET,
  openVersitygwScene,
  SEEDED,
  sentTo,
  sessionOf,
} from './scene.ts'

const once = { maxAttempts: 1 }

/** Changes of a call that is good as it is, and what versitygw says to them. */
const CONTROLS: readonly (readonly [
  what: string,
  change: (form: URLSearchParams) => void,
  status: number,
  code: string,
])[] = [
  [
    'another signature',
    (form) => retoken(form, (parts) => [parts[0], parts[1], flipped(parts[2])]),
    400,
    'InvalidIdentityToken',
  ],
  [
    'another subject',
    (form) =>
      retoken(form, ([head, claims, signature]) => [
        head,
        edited(claims, 'writer"', 'keeper"'),
        signature,
      ]),
    400,
    'InvalidIdentityToken',
  ],
  [
    'no signature',
    (form) => retoken(form, ([, claims]) => [base64url('{"alg":"none"}'), claims, '']),
    400,
    'InvalidIdentityToken',
  ],
  ['no token', (form) => form.set('WebIdentityToken', 'x.y.z'), 400, 'InvalidIdentityToken'],
  [
    'a role that is not there',
    (form) => form.set('RoleArn', 'arn:aws:iam::000000000000:role/agents-keeper'),
    403,
    'AccessDenied',
  ],
  ['shorter than STS gives', (form) => form.set('DurationSeconds', '899'), 400, 'ValidationError'],
  [
    'longer than the role gives',
    (form) => form.set('DurationSeconds', '43200'),
    400,
    'ValidationError',
  ],
]

t.test('versitygw checks what it is shown', async (t) => {
  const { test, cloud, sts } = await openVersitygwScene(t)
  const writer = test.s3(test.svid('writer'), once)
  await writer.send(new PutObjectCommand({ Bucket, Key: '2026/x', Body: 'x' }))
  const [good] = sts.calls
  t.equal(good?.answer?.status, 200)
  for (const [what, change, status, code] of CONTROLS) {
    const form = new URLSearchParams(good?.form)
    change(form)
    const answer = await sts.pass({ form: form.toString() })
    t.equal(answer.status, status, what)
    t.match(answer.body, `<Code>${code}</Code>`, what)
  }
  const session = sessionOf(good?.answer)
  const put = new PutObjectCommand({ Bucket, Key: '2026/x', Body: 'x' })
  t.equal(await statusOf(cloud.s3(session).send(put)), undefined, 'the session as it is')
  const other = { ...session, secretAccessKey: flipped(session.secretAccessKey) }
  t.equal(await statusOf(cloud.s3(other).send(put)), 403, 'another secret')
  const { accessKeyId, secretAccessKey } = session
  t.equal(await statusOf(cloud.s3({ accessKeyId, secretAccessKey }).send(put)), 403, 'no token')
})

/** What versitygw says to each token of the table (AWS STS, AssumeRoleWithWebIdentity, Errors). */
const INVALID = [400, 'InvalidIdentityToken'] as const
const ANSWERS: Readonly<Record<string, readonly [status: number, code?: string]>> = {
  good: [200],
  'aud: another': INVALID,
  'aud: two': INVALID,
  'aud: none': INVALID,
  'iss: another': INVALID,
  'iss: none': [403, 'AccessDenied'],
  'sub: another agent': INVALID,
  'sub: another trust domain': INVALID,
  'sub: none': INVALID,
  'signature: of another key': INVALID,
  'signature: of other claims': INVALID,
  'signature: none': INVALID,
  'alg: none': INVALID,
  'alg: HS256 with the public key': INVALID,
  'kid: unknown': INVALID,
  'exp: ten minutes ago': [400, 'ExpiredTokenException'],
  'exp: none': INVALID,
  'nbf: in ten minutes': INVALID,
  // Neither is asked for there.
  'iat: in ten minutes': [200],
  'iat: none': INVALID,
  'jti: none': [200],
}

t.test('versitygw and the table of tokens', async (t) => {
  const { test, sts } = await openVersitygwScene(t)
  const writer = test.s3(test.svid('writer'), once)
  await writer.send(new PutObjectCommand({ Bucket, Key: '2026/x', Body: 'x' }))
  const form = new URLSearchParams(sts.calls[0]?.form)
  const minted = form.get('WebIdentityToken') ?? ''
  const key = createPrivateKey(await readFile(join(test.dir, 'state/issuer-keys/active.pem')))
  t.same(
    Object.keys(ANSWERS),
    TOKEN_CASES.map(({ id }) => id),
    'every case has its answer',
  )
  for (const row of TOKEN_CASES) {
    form.set('WebIdentityToken', tokenOf(row, minted, { privateKey: key }))
    const [status, code] = ANSWERS[row.id] ?? []
    const answer = await sts.pass({ form: form.toString() })
    t.equal(answer.status, status, row.id)
    if (code !== undefined) t.match(answer.body, `<Code>${code}</Code>`, row.id)
  }
})

interface Federation {
  readonly id: string
  readonly options: Parameters<typeof openVersitygwScene>[1]
  /** What versitygw answered. */
  readonly sts: RegExp
  readonly calls: number
  /** What the agent's SDK reads. */
  readonly agent: { readonly name: string; readonly message: RegExp }
  /** What the operator reads. */
  readonly record: { readonly rule: string; readonly detail: RegExp }
}

const FEDERATION: readonly Federation[] = [
  {
    id: 'a token for another audience',
    options: {
      config: (text) =>
        text.replace('duration: 900s', 'duration: 900s\n    audience: somebody.example'),
    },
    sts: /<Code>InvalidIdentityToken</,
    calls: 1,
    agent: { name: 'AccessDenied', message: /ERR_SG_CREDENTIAL_CONFIG/ },
    record: { rule: 'STS-InvalidIdentityToken', detail: /list our audience/ },
  },
  {
    id: 'a subject that the trust policy does not name',
    options: {
      config: (text) => text.replace('duration: 900s', 'duration: 900s\n    subject: role'),
    },
    sts: /<Code>InvalidIdentityToken</,
    calls: 1,
    agent: { name: 'AccessDenied', message: /ERR_SG_CREDENTIAL_CONFIG/ },
    record: { rule: 'STS-InvalidIdentityToken', detail: /could not be validated/ },
  },
  {
    id: 'a token that expired long ago',
    options: { clock: { now: () => Date.now() - 30 * 60_000 } },
    sts: /<Code>ExpiredTokenException</,
    calls: 2,
    agent: { name: 'ServiceUnavailable', message: /ERR_SG_CREDENTIAL_UNAVAILABLE/ },
    record: { rule: 'STS-ExpiredTokenException', detail: /the clocks differ/ },
  },
]

for (const { id, options, sts: said, calls, agent, record } of FEDERATION) {
  t.test(`${id} gets no session, and the agent our code`, async (t) => {
    const { test, cloud, sts } = await openVersitygwScene(t, options)
    const before = (await cloud.accessLog()).length
    const writer = test.s3(test.svid('writer'), once)
    const put = writer.send(new PutObjectCommand({ Bucket, Key: '2026/x', Body: 'x' }))
    await t.rejects(put, agent)
    t.equal(sts.calls.length, calls)
    for (const call of sts.calls) t.match(call.answer?.body, said)
    const decision = (await test.records()).find(({ type }) => type === 'decision')
    t.match(decision, { result: record })
    t.same((await cloud.accessLog()).slice(before), [], 'S3 saw nothing')
  })
}

const GRANTS = `version: 1
grants:
  - id: puts_in_the_archive
    subject: { tenant: acme, agent: data-crew, role: writer }
    service: aws_s3
    actions: [PutObject]
    access: [write]
    targets: [{ type: object, container: ${FOREIGN_BUCKET}, path_prefix: "" }]
    session_policy: generate
  - id: puts_more_than_its_session_may
    subject: { tenant: acme, agent: data-crew, role: writer }
    service: aws_s3
    actions: [PutObject, GetObject]
    access: [read, write]
    targets: [{ type: object, container: ${Bucket}, path_prefix: 2026/ }]
    session_policy: [{ actions: ["s3:PutObject"], resources: ["arn:aws:s3:::${Bucket}/2026/drafts/*"] }]
`

t.test(
  'what our policy allows and theirs does not is refused by them, in their words',
  async (t) => {
    const { test, cloud } = await openVersitygwScene(t, { bundle: await builtBundle(t, GRANTS) })
    const before = (await cloud.accessLog()).length
    const writer = test.s3(test.svid('writer'), once)
    const put = (bucket: string, Key: string): Promise<unknown> =>
      writer.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'x' }))
    const theirs = (action: string, resource: string): { name: string; message: RegExp } => ({
      name: 'AccessDenied',
      message: new RegExp(`assumed-role/agents-writer/data-crew.* ${action} on .*${resource}"`),
    })
    const read = (): Promise<unknown> =>
      writer.send(new GetObjectCommand({ Bucket, Key: SEEDED.key }))

    await put(Bucket, '2026/drafts/x')
    const notInRole = theirs('s3:PutObject', `${FOREIGN_BUCKET}/2026/x`)
    await t.rejects(put(FOREIGN_BUCKET, '2026/x'), notInRole, 'the role has no such bucket')
    const notInSession = theirs('s3:PutObject', `${Bucket}/2026/x`)
    await t.rejects(put(Bucket, '2026/x'), notInSession, 'the session policy has no such prefix')
    await t.rejects(read(), theirs('s3:GetObject', SEEDED.key), 'nor any reading')
    t.same(sentTo((await cloud.accessLog()).slice(before)), [
      'PutObject 200 2026/drafts/x',
      'PutObject 403 2026/x',
      'PutObject 403 2026/x',
      `GetObject 403 ${SEEDED.key}`,
    ])
  },
)

type TokenParts = readonly [head: string, claims: string, signature: string]

function retoken(form: URLSearchParams, change: (parts: TokenParts) => TokenParts): void {
  const [head = '', claims = '', signature = ''] = form.get('WebIdentityToken')?.split('.') ?? []
  form.set('WebIdentityToken', change([head, claims, signature]).join('.'))
}

/** Another text of the same form: the case of its first letter is the other one. */
function flipped(text: string): string {
  return text.replace(/[A-Za-z]/, (letter) =>
    letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase(),
  )
}

function edited(part: string, from: string, to: string): string {
  const text = Buffer.from(part, 'base64url').toString()
  if (!text.includes(from)) throw new Error(`${text} has no ${from}`)
  return base64url(text.replace(from, to))
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url')
}
