// The scenario that ships, through facts, input, engine and decision as a request goes, on the
// committed bundle: the writer puts objects under s3://reports/2026/ and nobody does anything else.

import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { type Access, makeFacts } from '../../../gateway/facts/facts.ts'
import { parseDecision } from '../../../gateway/policy/decision.ts'
import type { Decision } from '../../../gateway/policy/decision-types.ts'
import { buildPolicyInput } from '../../../gateway/policy/input.ts'
import { readBundle } from '../../../gateway/policy/bundle/bundle.ts'
import { compileInputReads } from '../../../gateway/policy/input-reads.ts'
import { NO_ZONES } from '../../../gateway/policy/input-time.ts'
import type { PolicyEngine } from '../../../gateway/policy/engine.ts'
import { makeGatewayRequest } from '../../../gateway/request/gateway-request.ts'
import { makeRoute } from '../../../gateway/routing/route.ts'
import { makePeer } from '../../../gateway/spiffe/peer.ts'
import { engineOf, repositoryFile, UNSIGNED } from '../../support/policy.ts'

const bundle = readBundle(await repositoryFile('bundles/authz.tar.gz'), UNSIGNED)
const stated = bundle.ok ? bundle.value.manifest.input : undefined
if (stated === undefined) throw new Error('the bundle does not say what its rules refer to')
const READS = compileInputReads(stated.paths)

interface Case {
  readonly role?: string
  readonly tenant?: string
  readonly agent?: string
  readonly action?: string
  readonly access?: Access
  readonly keys?: readonly string[]
  readonly complete?: boolean
  readonly pending?: readonly string[]
}

/** Judged twice, as a whole and as the parts that the bundle says suffice: both must be the same. */
function decide(engine: PolicyEngine, one: Case): Decision {
  const { tenant = 'acme', agent = 'data-crew', role = 'writer', action = 'PutObject' } = one
  const { access = 'write', keys = ['2026/q1.csv'], complete = true, pending = [] } = one
  const input = buildPolicyInput({
    peer: makePeer({
      spiffeId: `spiffe://example.org/agent/${tenant}/${agent}/${role}`,
      trustDomain: 'example.org',
      tenant,
      agent,
      role,
      serial: '01',
      notAfter: '2026-11-23T19:00:00Z',
      expiresAt: 0,
      sha256: '00',
      bundleRevision: 1,
    }),
    facts: makeFacts({
      service: 'aws_s3',
      action,
      operation: {
        provider: 'aws',
        service: 's3',
        name: `s3.${action}`,
        access,
        complete,
        pending,
        permissions: [],
      },
      targets: keys.map((key) => ({
        type: 'object',
        access,
        name: `arn:aws:s3:::reports/${key}`,
        container: 'reports',
        path: key,
      })),
      account: undefined,
      region: 'eu-west-1',
      payloadMode: 'hash',
    }),
    request: makeGatewayRequest({
      id: 'r',
      method: 'PUT',
      host: 'gw.test',
      port: undefined,
      path: '/aws/s3/reports/x',
      query: [],
      headers: new Map(),
      framing: { kind: 'none' },
      expectsContinue: false,
    }),
    route: makeRoute({
      provider: 'aws',
      service: 'aws_s3',
      serviceId: 's3',
      signingName: 's3',
      dialect: 's3',
      path: '/reports/x',
      bucket: undefined,
      region: 'eu-west-1',
      upstream: { name: 'aws_s3', origin: 'https://s3.test', authority: 's3.test' },
    }),
    now: 1_795_456_800_123,
    candidates: ['aws-data'],
    reads: READS,
    zones: NO_ZONES,
  })
  if (!input.ok) throw new Error(input.error.detail)
  const { text, judged, nowNs } = input.value
  const [whole, part] = [text, judged].map((each) => {
    const result = engine.evaluate('svidgate/authz/decision', { text: each, nowNs })
    if (!result.ok) throw new Error(result.error.detail)
    return parseDecision(result.value)
  })
  if (whole === undefined || judged.length >= text.length / 2) throw new Error('nothing left out')
  if (!isDeepStrictEqual(whole, part)) throw new Error(`the parts decide otherwise: ${judged}`)
  return whole
}

const PUTS = [
  'PutObject',
  'CreateMultipartUpload',
  'UploadPart',
  'CompleteMultipartUpload',
  'AbortMultipartUpload',
]

t.test('the writer puts reports, with a session that can do no more', async (t) => {
  const engine = await engineOf('bundles/authz.tar.gz')
  for (const action of PUTS) {
    t.same(
      decide(engine, { action }),
      {
        kind: 'allow',
        reasons: ['writer_puts_reports'],
        credential: undefined,
        obligations: {
          sessionPolicy: [
            {
              actions: ['s3:AbortMultipartUpload', 's3:PutObject'],
              resources: ['arn:aws:s3:::reports/2026/*'],
            },
          ],
        },
        alternatives: [],
      },
      action,
    )
  }
})

t.test('everything else is denied, with a reason', async (t) => {
  const engine = await engineOf('bundles/authz.tar.gz')
  const hint = ['put objects under s3://reports/2026/']
  const denied: readonly (readonly [
    id: string,
    one: Case,
    reasons: readonly string[],
    alternatives: readonly string[],
  ])[] = [
    ['reading back', { action: 'GetObject', access: 'read' }, ['no_grant'], hint],
    ['looking', { action: 'HeadObject', access: 'read' }, ['no_grant'], hint],
    ['deleting', { action: 'DeleteObject' }, ['no_grant'], hint],
    ['copying', { action: 'CopyObject' }, ['no_grant'], hint],
    ['another year', { keys: ['2025/q1.csv'] }, ['target_not_granted'], hint],
    ['the folder itself', { keys: ['2026'] }, ['target_not_granted'], hint],
    ['one of two keys', { keys: ['2026/a', '2025/a'] }, ['target_not_granted'], hint],
    [
      'a key that climbs, for servers that keep objects as files',
      { keys: ['2026/../2025/q1.csv'] },
      ['path_climbs', 'target_not_granted'],
      hint,
    ],
    [
      'a key that climbs twice',
      { keys: ['2026/a/../../x'] },
      ['path_climbs', 'target_not_granted'],
      hint,
    ],
    ['unknown parts', { complete: false }, ['facts_incomplete'], hint],
    ['open facts', { pending: ['tags'] }, ['facts_pending'], hint],
    ['the researcher', { role: 'researcher' }, ['no_grant'], []],
    [
      'the researcher reading',
      { role: 'researcher', action: 'GetObject', access: 'read' },
      ['no_grant'],
      [],
    ],
    ['another agent', { agent: 'other-crew' }, ['no_grant'], []],
    ['another tenant', { tenant: 'other' }, ['no_grant'], []],
    ['a role in capitals', { role: 'Writer' }, ['no_grant'], []],
  ]
  for (const [id, one, reasons, alternatives] of denied) {
    t.match(decide(engine, one), { kind: 'deny', code: 'ERR_SG_DENIED', reasons, alternatives }, id)
  }
})

t.test('whatever is asked, the parts that the bundle names decide as the whole does', async (t) => {
  const engine = await engineOf('bundles/authz.tar.gz')
  const kinds = new Set<string>()
  /** The first word mostly, so that not everything is refused for three reasons. */
  const word = (first: string, ...words: string[]) =>
    fc.constantFrom(first, first, first, first, ...words)
  fc.assert(
    fc.property(
      fc.record({
        tenant: word('acme', 'evil'),
        agent: word('data-crew', 'other'),
        role: word('writer', 'researcher'),
        action: word('PutObject', 'GetObject', 'UploadPart'),
        access: fc.constantFrom<Access>('write', 'write', 'read'),
        keys: fc.array(word('2026/a', '2025/a', '', 'x/2026/'), { maxLength: 3 }),
        complete: fc.constantFrom(true, true, false),
        pending: fc.constantFrom<string[][]>([], [], ['tags']),
      }),
      (one) => {
        kinds.add(decide(engine, one).kind)
      },
    ),
    { numRuns: 2000 },
  )
  t.same([...kinds].sort(), ['allow', 'deny'])
})
