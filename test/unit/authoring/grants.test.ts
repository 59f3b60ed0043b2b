import t from 'tap'
import {
  compileGrants,
  type GrantsData,
  writeGrantsData,
} from '../../../gateway/authoring/grants.ts'
import { repositoryFile } from '../../support/policy.ts'

interface GrantText {
  readonly id?: string
  readonly subject?: string
  readonly service?: string
  readonly actions?: string
  readonly access?: string
  readonly targets?: string
  readonly more?: string
}

function grant(parts: GrantText = {}): string {
  return [
    `  - id: ${parts.id ?? 'g1'}`,
    `    subject: ${parts.subject ?? '{ tenant: acme, agent: crew, role: writer }'}`,
    `    service: ${parts.service ?? 'aws_s3'}`,
    `    actions: ${parts.actions ?? '[PutObject]'}`,
    `    access: ${parts.access ?? '[write]'}`,
    `    targets: ${parts.targets ?? '[{ type: object, container: reports, path_prefix: 2026/ }]'}`,
    ...(parts.more === undefined ? [] : [`    ${parts.more}`]),
  ].join('\n')
}

function file(...grants: readonly string[]): string {
  return `version: 1\ngrants:\n${grants.join('\n')}\n`
}

function compiled(yaml: string): GrantsData {
  const data = compileGrants(yaml)
  if (!data.ok) throw new Error(JSON.stringify(data.error))
  return data.value
}

t.test('grants land under subject, service, operation, type and container', (t) => {
  const data = compiled(
    file(
      grant({ more: 'alternatives: [put reports]' }),
      grant({ id: 'g0', actions: '[s3.PutObject, PutObject]', access: '[write, read, write]' }),
      grant({
        id: 'g2',
        subject: '{ tenant: acme, agent: "*", role: "*" }',
        more: 'credential: aws',
      }),
    ),
  )
  const entry = { access: ['write'], id: 'g1', path_prefix: '2026/' }
  t.same(data.grants, {
    'acme/*/*': { aws_s3: { 's3.PutObject': { object: { reports: [{ ...entry, id: 'g2' }] } } } },
    'acme/crew/writer': {
      aws_s3: {
        's3.PutObject': {
          object: { reports: [{ ...entry, access: ['read', 'write'], id: 'g0' }, entry] },
        },
      },
    },
  })
  t.same(data.alternatives, { 'acme/crew/writer': { aws_s3: ['put reports'] } })
  t.same(data.terms, { g2: { credential: 'aws' } })
  t.end()
})

t.test('the order of grants and of their parts does not change a byte', (t) => {
  const one = grant({ id: 'a', actions: '[PutObject, GetObject]' })
  const two = grant({ id: 'b', more: 'set_headers: { x-b: "2", x-a: "1" }' })
  const other = grant({ id: 'a', actions: '[GetObject, PutObject, GetObject]' })
  const reversed = grant({ id: 'b', more: 'set_headers: { x-a: "1", x-b: "2" }' })
  t.equal(
    writeGrantsData(compiled(file(one, two))),
    writeGrantsData(compiled(file(reversed, other))),
  )
  t.end()
})

t.test('names of operations follow the service', (t) => {
  const operations = (service: string, actions: string): readonly string[] =>
    Object.keys(
      compiled(file(grant({ service, actions }))).grants['acme/crew/writer']?.[service] ?? {},
    )
  t.same(operations('aws_s3', '[PutObject]'), ['s3.PutObject'])
  t.same(operations('gcp_bigquery', '[jobs.query, bigquery.jobs.get]'), [
    'bigquery.jobs.get',
    'bigquery.jobs.query',
  ])
  t.same(operations('azure_storage', '[blob.GetBlob]'), ['blob.GetBlob'])
  t.same(operations('azure_keyvault', '[GetSecret]'), ['keyvault.GetSecret'])
  t.end()
})

t.test('session policies are generated from actions, targets and access', (t) => {
  const statements = (parts: GrantText): unknown =>
    compiled(file(grant({ ...parts, more: 'session_policy: generate' }))).terms['g1']
      ?.session_policy
  t.same(statements({ actions: '[UploadPart, PutObject, AbortMultipartUpload]' }), [
    {
      actions: ['s3:AbortMultipartUpload', 's3:PutObject'],
      resources: ['arn:aws:s3:::reports/2026/*'],
    },
  ])
  const object = '{ type: object, container: a, path_prefix: "" }'
  const bucket = '{ type: bucket, container: "*", path_prefix: "" }'
  t.same(
    statements({
      actions: '[GetObject, ListObjectsV2]',
      access: '[read, list]',
      targets: `[${object}, ${bucket}]`,
    }),
    [
      { actions: ['s3:GetObject'], resources: ['arn:aws:s3:::a/*'] },
      { actions: ['s3:ListBucket'], resources: ['arn:aws:s3:::*'] },
    ],
  )
  t.same(statements({ actions: '[CopyObject]', access: '[write]' }), [
    { actions: ['s3:PutObject'], resources: ['arn:aws:s3:::reports/2026/*'] },
  ])
  t.end()
})

t.test('signs that IAM reads as patterns are written as themselves', (t) => {
  const targets = '[{ type: object, container: reports, path_prefix: "a*b?c${aws:username}/" }]'
  const [statement] =
    compiled(file(grant({ targets, more: 'session_policy: generate' }))).terms['g1']
      ?.session_policy ?? []
  t.same(statement?.resources, ['arn:aws:s3:::reports/a${*}b${?}c${$}{aws:username}/*'])
  t.end()
})

const QUERY = '[{ type: query, container: p, path_prefix: "" }]'
const sqlGrant = (more: string, targets = QUERY): string =>
  file(grant({ service: 'gcp_bigquery', actions: '[jobs.query]', access: '[read]', targets, more }))

t.test('what SQL may use and cost are terms of its grant', (t) => {
  const terms = (more: string): unknown => compiled(sqlGrant(more)).terms['g1']
  t.same(
    terms(
      'features: [wildcard, ai, ai]\n    functions: [p.d.f, ML.PREDICT]\n    table_functions: [p.d.t]',
    ),
    {
      features: ['ai', 'wildcard'],
      functions: ['ML.PREDICT', 'p.d.f'],
      table_functions: ['p.d.t'],
    },
  )
  for (const [text, bytes] of [
    ['1', 1],
    ['10737418240', 10_737_418_240],
    ['10GiB', 10_737_418_240],
    ['1MiB', 1_048_576],
    ['2TiB', 2_199_023_255_552],
    ['"5"', 5],
  ] as const) {
    t.same(terms(`max_bytes_billed: ${text}`), { max_bytes_billed: bytes }, text)
  }
  t.end()
})

t.test('a job is granted by saying that it is an own one, which needs no entry', (t) => {
  const targets = '[{ type: job, container: p, path_prefix: "", own: true }]'
  const data = compiled(
    file(grant({ service: 'gcp_bigquery', actions: '[jobs.get]', access: '[read]', targets })),
  )
  t.same(data.grants['acme/crew/writer'], {
    gcp_bigquery: {
      'bigquery.jobs.get': { job: { p: [{ access: ['read'], id: 'g1', path_prefix: '' }] } },
    },
  })
  t.end()
})

const REFUSED: readonly (readonly [id: string, yaml: string, line: number, says: RegExp])[] = [
  ['not YAML', 'version: 1\ngrants: [', 2, /./],
  ['a key twice', 'version: 1\nversion: 1\ngrants: []\n', 2, /unique/i],
  ['another version', 'version: 2\ngrants: []\n', 1, /version/],
  ['no grants', 'version: 1\n', 1, /./],
  ['an unknown key', file(`${grant()}\n    colour: red`), 9, /colour: unknown key/],
  [
    'an unknown key of a subject',
    file(grant({ subject: '{ tenant: a, agent: b, role: c, team: d }' })),
    4,
    /team: unknown key/,
  ],
  ['a subject without a role', file(grant({ subject: '{ tenant: a, agent: b }' })), 4, /role/],
  [
    'a subject with a slash',
    file(grant({ subject: '{ tenant: a/b, agent: b, role: c }' })),
    4,
    /tenant/,
  ],
  [
    'a subject with a star within',
    file(grant({ subject: '{ tenant: a*, agent: b, role: c }' })),
    4,
    /tenant/,
  ],
  ['an id with capitals', file(grant({ id: 'Grant' })), 3, /id/],
  ['an id twice', file(grant(), grant()), 9, /another grant has the id g1/],
  ['no such kind of access', file(grant({ access: '[delete]' })), 7, /list, read, write/],
  ['no access', file(grant({ access: '[]' })), 7, /at least one/],
  ['no actions', file(grant({ actions: '[]' })), 6, /at least one/],
  ['a pattern as action', file(grant({ actions: '["Put*"]' })), 6, /action/],
  ['an odd service', file(grant({ service: 's3' })), 5, /service/],
  [
    'an action that needs its API',
    file(grant({ service: 'azure_storage', actions: '[GetBlob]' })),
    6,
    /blob\.GetBlob or/,
  ],
  ['no targets', file(grant({ targets: '[]' })), 8, /at least one/],
  [
    'a target type that is not there',
    file(grant({ targets: '[{ type: thing, container: a, path_prefix: "" }]' })),
    8,
    /one of account, bucket/,
  ],
  [
    'a target without prefix',
    file(grant({ targets: '[{ type: object, container: a }]' })),
    8,
    /whole container/,
  ],
  [
    'a prefix that YAML reads as a number',
    file(grant({ targets: '[{ type: object, container: a, path_prefix: 2026 }]' })),
    8,
    /text/,
  ],
  [
    'an empty container',
    file(grant({ targets: '[{ type: object, container: "", path_prefix: "" }]' })),
    8,
    /empty/,
  ],
  [
    'generate for another service',
    file(grant({ service: 'gcp_storage', more: 'session_policy: generate' })),
    9,
    /aws_s3 only/,
  ],
  [
    'generate for an unknown action',
    file(grant({ actions: '[PutBucketReplication]', more: 'session_policy: generate' })),
    9,
    /PutBucketReplication/,
  ],
  [
    'generate without a fitting target',
    file(grant({ access: '[read]', more: 'session_policy: generate' })),
    9,
    /need nothing/,
  ],
  ...['0', '-1', '1.5', '1e30', '10GB', '10 GiB', '""', 'true', '9007199254740993', '8192TiB'].map(
    (cap) =>
      [
        `a cap of ${cap}`,
        sqlGrant(`max_bytes_billed: ${cap}`),
        9,
        /integer of at least 1/,
      ] as const,
  ),
  ['a feature that is not there', sqlGrant('features: [everything]'), 9, /one of ai, external/],
  ['no features', sqlGrant('features: []'), 9, /leave it out/],
  ['no functions', sqlGrant('functions: []'), 9, /leave it out/],
  ['features where no query is', file(grant({ more: 'features: [ai]' })), 9, /of type query/],
  ['a cap where no SQL is', file(grant({ more: 'max_bytes_billed: 1' })), 9, /query, table or/],
  [
    'a job that need not be an own one',
    sqlGrant('credential: c', '[{ type: job, container: p, path_prefix: "" }]'),
    8,
    /own: true/,
  ],
  [
    'a job of others',
    sqlGrant('credential: c', '[{ type: job, container: p, path_prefix: "", own: false }]'),
    8,
    /own: true/,
  ],
  [
    'an own table',
    sqlGrant('credential: c', '[{ type: table, container: p.d, path_prefix: "", own: true }]'),
    8,
    /own: true/,
  ],
  ['an odd session policy', file(grant({ more: 'session_policy: yes please' })), 9, /generate/],
  [
    'a statement with a condition',
    file(grant({ more: 'session_policy: [{ actions: [a], resources: [b], effect: Allow }]' })),
    9,
    /session_policy/,
  ],
  ['a header in capitals', file(grant({ more: 'set_headers: { If-Match: x }' })), 9, /set_headers/],
  [
    'six alternatives',
    file(grant({ more: 'alternatives: [a, b, c, d, e, f]' })),
    9,
    /at most five/,
  ],
  [
    'a long alternative',
    file(grant({ more: `alternatives: [${'é'.repeat(101)}]` })),
    9,
    /200 bytes/,
  ],
  [
    'six alternatives of one subject',
    file(
      grant({ more: 'alternatives: [a, b, c]' }),
      grant({ id: 'g2', more: 'alternatives: [d, e, f]' }),
    ),
    16,
    /more than five/,
  ],
]

t.test('every mistake is named with its line and how to mend it', (t) => {
  for (const [id, yaml, line, says] of REFUSED) {
    const data = compileGrants(yaml)
    t.notOk(data.ok, id)
    if (data.ok) continue
    const [problem] = data.error
    t.match(`${problem?.path ?? ''}: ${problem?.message ?? ''}`, says, id)
    t.equal(problem?.line, line, `${id}: line`)
    t.ok((problem?.column ?? 0) > 0, `${id}: column`)
  }
  t.end()
})

t.test('all mistakes of a file are told at once', (t) => {
  const data = compileGrants(file(grant({ id: 'A' }), grant({ id: 'B', access: '[x]' })))
  t.notOk(data.ok)
  if (!data.ok) t.equal(data.error.length, 3)
  t.end()
})

t.test('the committed data is what the committed grants compile to', async (t) => {
  const source = (await repositoryFile('policies/authz/grants.yaml')).toString()
  const committed = (await repositoryFile('policies/svidgate/data.json')).toString()
  t.equal(writeGrantsData(compiled(source)), committed)
})
