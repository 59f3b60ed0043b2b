// Two gateways, one directory of issuer keys, and a cloud that fetches the keys as clouds do: when it
// meets one that it does not know. A rotation goes unnoticed; after `rotate --compromised` a token of
// the dropped key is worth nothing.

import { createPrivateKey, randomUUID, sign } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { getJson } from '../../gateway/demo/get-json.ts'
import {
  startGatewayProcess,
  startReplica,
  type GatewayProcess,
} from '../support/gateway-process.ts'
import { issuer, letTimePass, type JwkSet } from '../support/issuer-command.ts'
import { WIDE } from '../support/load.ts'
import { agentId } from '../support/scene.ts'
import { StsTap } from '../support/sts-tap.ts'
import { clientOptions, LIST_REPORTS, openTls } from '../support/tls-client.ts'

async function publishedBy(gateway: GatewayProcess): Promise<string[]> {
  const origin = `http://127.0.0.1:${gateway.issuerPort}`
  const { keys } = (await getJson(`${origin}/.well-known/jwks.json`)) as JwkSet
  return keys.map(({ kid = '' }) => kid)
}

let agents = 0

/** A request of an agent that nobody has seen: its session needs a token. */
async function newAgent(gateway: GatewayProcess): Promise<number> {
  agents += 1
  const svid = gateway.scene.svid('keeper', { agent: `crew-${agents}` })
  const connection = await openTls(clientOptions(gateway, svid))
  connection.write(LIST_REPORTS)
  const { status } = await connection.answer()
  connection.socket.destroy()
  return status
}

function headerOf(token: string): Record<string, string> {
  const [header = ''] = token.split('.')
  return JSON.parse(Buffer.from(header, 'base64url').toString()) as Record<string, string>
}

function lastKid(tap: StsTap): string {
  return headerOf(tap.calls.at(-1)?.parameters.get('WebIdentityToken') ?? '')['kid'] ?? ''
}

/** What a thief of the key makes of it. */
function forged(pem: string, kid: string): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = {
    iss: 'https://oidc.example.org',
    sub: agentId('keeper', 'thief'),
    aud: 'sts.amazonaws.com',
    iat: now - 5,
    nbf: now - 5,
    exp: now + 200,
    jti: randomUUID(),
  }
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const input = `${part({ alg: 'RS256', kid, typ: 'JWT' })}.${part(claims)}`
  const signature = sign('sha256', Buffer.from(input), createPrivateKey(pem))
  return `${input}.${signature.toString('base64url')}`
}

async function show(tap: StsTap, token: string): Promise<string> {
  const form = new URLSearchParams({
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: 'arn:aws:iam::123456789012:role/agents-keeper',
    RoleSessionName: 'thief',
    WebIdentityToken: token,
  })
  const { status, body } = await tap.pass({ form: form.toString() })
  return `${status} ${/<Code>(\w+)<\/Code>/.exec(body)?.[1] ?? ''}`
}

t.test(
  'a rotation, a compromise and its drill, over two replicas',
  { timeout: 120_000 },
  async (t) => {
    const tap = new StsTap()
    const one = await startGatewayProcess(t, { ...WIDE, stsServer: tap.start })
    const { scene } = one
    const two = await startReplica(t, scene, (text) =>
      text
        .replace('./admin.sock', './admin-2.sock')
        .replace('./state/audit,', './state-2/audit,')
        .replace('./state/audit.pem', './state-2/audit.pem'),
    )
    const both = [one, two]
    const keyFile = join(scene.dir, 'state/issuer-keys/active.pem')
    const [first = ''] = await publishedBy(one)
    t.strictSame(await publishedBy(two), [first], 'one key, whoever came first')
    for (const gateway of both) t.equal(await newAgent(gateway), 200)

    const [prepared, told] = await issuer(scene, 'rotate')
    t.match([prepared, told], [0, { rotations: [{ step: 'prepared', algorithm: 'RS256' }] }])
    t.match(await issuer(scene, 'rotate'), [1, { rotations: [{ step: 'too-early' }] }])
    for (const gateway of both) {
      t.equal(await newAgent(gateway), 200)
      t.equal(lastKid(tap), first, 'the old key signs while the new one is only published')
      t.equal((await publishedBy(gateway)).length, 2, 'and every replica publishes both')
    }

    await letTimePass(scene)
    const [rotated, step] = await issuer(scene, 'rotate')
    t.match([rotated, step], [0, { rotations: [{ step: 'rotated', retired: first }] }])
    const [, second = ''] = /"active":"([^"]+)"/.exec(JSON.stringify(step)) ?? []
    for (const gateway of both) {
      t.equal(await newAgent(gateway), 200, 'no cloud has noticed')
      t.equal(lastKid(tap), second, 'every replica signs with the new key')
      t.ok((await publishedBy(gateway)).includes(first), 'tokens of the old one still verify')
    }
    const [, keys] = await issuer(scene, 'keys')
    t.match(keys, {
      keys: [{ state: 'active', kid: second }, { state: 'next' }, { state: 'retired', kid: first }],
    })

    const stolen = await readFile(keyFile, 'utf8')
    t.equal(await show(tap, forged(stolen, second)), '200 ', 'the control: a thief could do this')

    const [dropped, drill] = await issuer(scene, 'rotate', '--compromised')
    t.equal(dropped, 0)
    t.match(drill, {
      steps: [{ credential: 'aws-data', cloud: 'aws', commands: [/AWSRevokeOlderSessions/] }],
    })
    const [, third = ''] = /"active":"([^"]+)"/.exec(JSON.stringify(drill)) ?? []
    for (const gateway of both) {
      t.equal(await newAgent(gateway), 200, 'every replica goes on with the new key')
      t.equal(lastKid(tap), third)
      const published = await publishedBy(gateway)
      t.notOk(
        published.includes(second) || published.includes(first),
        'and no old one is published',
      )
    }
    t.equal(await show(tap, forged(stolen, second)), '400 InvalidIdentityToken', 'the thief is out')
  },
)
