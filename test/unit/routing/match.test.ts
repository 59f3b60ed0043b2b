import t from 'tap'
import { acceptRequest } from '../../../gateway/request/accept.ts'
import { REQUEST_LIMITS } from '../../../gateway/request/limits.ts'
import type { HeaderLine } from '../../../gateway/request/message.ts'
import { matchRoute } from '../../../gateway/routing/match.ts'
import { compileRoutingTable } from '../../../gateway/routing/table.ts'
import { head, scopeHeader } from '../../support/heads.ts'

const table = compileRoutingTable({
  baseHosts: ['gw.test', 'localhost'],
  routes: [
    {
      service: 'aws_s3',
      upstream: 'https://s3.{region}.amazonaws.com',
      regions: ['eu-west-1', 'us-east-1'],
      defaultRegion: 'eu-west-1',
    },
  ],
})

function match(host: string, target: string, headers: readonly HeaderLine[] = []) {
  const request = acceptRequest(head('GET', target, headers, host), 'id', REQUEST_LIMITS)
  if (!request.ok) throw new Error(request.error.detail)
  return matchRoute(request.value, table)
}

const s3 = scopeHeader('us-east-1', 's3')

const found: [id: string, host: string, target: string, path: string, bucket?: string][] = [
  ['prefix on the base host', 'gw.test:8443', '/aws/s3/b/k', '/b/k'],
  ['prefix without a trailing slash', 'localhost', '/aws/s3', '/'],
  ['prefix with one', 'localhost', '/aws/s3/', '/'],
  ['bytes behind the prefix stay', 'gw.test', '/aws/s3/b/..//%2Fk', '/b/..//%2Fk'],
  ['service host', 's3.gw.test', '/b/k', '/b/k'],
  ['bucket before the service host', 'reports.s3.gw.test', '/k', '/k', 'reports'],
  ['bucket with dots', 'a.b.s3.gw.test', '/k', '/k', 'a.b'],
  ['bucket before the base host, with prefix', 'reports.gw.test', '/aws/s3/k', '/k', 'reports'],
  ['scope settles an endpoint without service', 'gw.test', '/aws/b/k', '/b/k'],
]
for (const [id, host, target, path, bucket] of found) {
  t.test(`finds S3 by ${id}`, (t) => {
    const result = match(host, target, [s3])
    if (!result.ok) throw new Error(result.error.detail)
    t.equal(result.value.service, 'aws_s3')
    t.equal(result.value.path, path)
    t.equal(result.value.bucket, bucket)
    t.equal(result.value.region, 'us-east-1')
    t.equal(result.value.upstream.origin, 'https://s3.us-east-1.amazonaws.com')
    t.equal(result.value.upstream.authority, 's3.us-east-1.amazonaws.com')
    t.end()
  })
}

const refused: [
  id: string,
  rule: string,
  code: string,
  host: string,
  target: string,
  headers: HeaderLine[],
][] = [
  ['a foreign host', 'RT-1', 'ROUTE_UNKNOWN', 'evil.test', '/aws/s3/b', []],
  ['a host that only ends alike', 'RT-1', 'ROUTE_UNKNOWN', 'xgw.test', '/aws/s3/b', []],
  ['a prefix on a service host', 'RT-2', 'OPERATION_AMBIGUOUS', 's3.gw.test', '/aws/dynamodb/', []],
  ['a service host behind another', 'RT-4', 'OPERATION_AMBIGUOUS', 'dynamodb.s3.gw.test', '/k', []],
  [
    'a service host with an S3 prefix',
    'RT-2',
    'OPERATION_AMBIGUOUS',
    'dynamodb.gw.test',
    '/aws/s3/k',
    [],
  ],
  ['a label that is no bucket', 'RT-5', 'ROUTE_UNKNOWN', 'a.s3.gw.test', '/k', []],
  ['no prefix', 'RT-7', 'ROUTE_UNKNOWN', 'gw.test', '/b/k', []],
  ['an encoded prefix', 'RT-7', 'ROUTE_UNKNOWN', 'gw.test', '/aws%2Fs3/b', []],
  ['another case', 'RT-7', 'ROUTE_UNKNOWN', 'gw.test', '/AWS/s3/b', []],
  ['a doubled slash', 'RT-7', 'ROUTE_UNKNOWN', 'gw.test', '//aws/s3/b', []],
  ['no service and no scope', 'RT-8', 'OPERATION_AMBIGUOUS', 'gw.test', '/aws/b/k', []],
  [
    'a scope that settles nothing',
    'RT-8',
    'OPERATION_AMBIGUOUS',
    'gw.test',
    '/aws/',
    [scopeHeader('us-east-1', 'bedrock')],
  ],
  [
    'a scope of another service',
    'RT-9',
    'OPERATION_AMBIGUOUS',
    'gw.test',
    '/aws/s3/b',
    [scopeHeader('us-east-1', 'dynamodb')],
  ],
  ['a service without a route', 'RT-10', 'ROUTE_UNKNOWN', 'gw.test', '/aws/dynamodb/', []],
]
for (const [id, rule, code, host, target, headers] of refused) {
  t.test(`refuses ${id}`, (t) => {
    const result = match(host, target, headers)
    t.equal(result.ok ? 'found' : result.error.code, `ERR_SG_${code}`)
    t.equal(result.ok ? '' : result.error.rule, rule)
    t.end()
  })
}

const malformed: [id: string, value: string, code: string][] = [
  ['SigV2', 'AWS AKID:abc', 'ERR_SG_REQUEST_UNSUPPORTED'],
  ['SigV4A', 'AWS4-ECDSA-P256-SHA256 Credential=a/b', 'ERR_SG_REQUEST_UNSUPPORTED'],
  [
    'a missing part',
    'AWS4-HMAC-SHA256 Credential=A/20261123/us-east-1/s3/aws4_request, Signature=0',
    'ERR_SG_REQUEST_HEADERS',
  ],
  [
    'a part twice',
    'AWS4-HMAC-SHA256 Credential=A/20261123/us-east-1/s3/aws4_request,Credential=A/20261123/eu-west-1/s3/aws4_request,SignedHeaders=a,Signature=0',
    'ERR_SG_REQUEST_HEADERS',
  ],
  [
    'four parts of scope',
    'AWS4-HMAC-SHA256 Credential=A/20261123/us-east-1/aws4_request,SignedHeaders=a,Signature=0',
    'ERR_SG_REQUEST_HEADERS',
  ],
]
for (const [id, value, code] of malformed) {
  t.test(`refuses an Authorization with ${id}`, (t) => {
    const result = match('gw.test', '/aws/s3/b', [['Authorization', value]])
    t.equal(result.ok ? 'found' : result.error.code, code)
    t.end()
  })
}

t.test('reads a scope without blanks after its commas', (t) => {
  const [name, value] = s3
  const result = match('gw.test', '/aws/s3/b', [[name, value.replaceAll(', ', ',')]])
  t.equal(result.ok && result.value.region, 'us-east-1')
  t.end()
})

t.test('a region that is not served, or is none, falls to the default of the route', (t) => {
  for (const region of ['ap-south-1', 'evil-host-1', 'xx']) {
    const result = match('gw.test', '/aws/s3/b', [scopeHeader(region, 's3')])
    t.equal(result.ok && result.value.upstream.origin, 'https://s3.eu-west-1.amazonaws.com')
  }
  t.end()
})

t.test('without a default such a region is refused', (t) => {
  const strict = compileRoutingTable({
    baseHosts: ['gw.test'],
    routes: [
      {
        service: 'aws_s3',
        upstream: 'https://s3.{region}.x',
        regions: ['eu-west-1'],
        defaultRegion: undefined,
      },
    ],
  })
  const request = acceptRequest(head('GET', '/aws/s3/b', [s3]), 'id', REQUEST_LIMITS)
  const result = request.ok ? matchRoute(request.value, strict) : request
  t.equal(result.ok ? 'found' : result.error.code, 'ERR_SG_REGION_REFUSED')
  t.end()
})

const google = compileRoutingTable({
  baseHosts: ['gw.test'],
  routes: [
    {
      service: 'gcp_bigquery',
      upstream: 'https://bigquery.googleapis.com',
      regions: [],
      defaultRegion: undefined,
    },
  ],
})

function matchGoogle(
  target: string,
  options: {
    host?: string
    headers?: readonly HeaderLine[]
    routes?: Parameters<typeof compileRoutingTable>[0]['routes']
  } = {},
) {
  const { host = 'bigquery.gw.test', headers = [], routes } = options
  const request = acceptRequest(head('GET', target, headers, host), 'id', REQUEST_LIMITS)
  if (!request.ok) throw new Error(request.error.detail)
  const own =
    routes === undefined ? google : compileRoutingTable({ baseHosts: ['gw.test'], routes })
  return matchRoute(request.value, own)
}

const BEARER: HeaderLine = ['Authorization', 'Bearer placeholder']
const GOOGLE_PATHS = [
  '/bigquery/v2/projects/p/queries',
  '/upload/bigquery/v2/projects/p/jobs',
  '/resumable/upload/bigquery/v2/projects/p/jobs',
  '/batch/bigquery/v2',
]

for (const path of GOOGLE_PATHS) {
  t.test(`a bearer of the client’s library does not matter: ${path}`, (t) => {
    for (const [host, target] of [
      ['bigquery.gw.test', path],
      ['gw.test', `/gcp/bigquery${path}`],
    ] as const) {
      for (const headers of [[], [BEARER], [['authorization', 'Basic eA==']] as const]) {
        const result = matchGoogle(target, { host, headers })
        if (!result.ok) throw new Error(result.error.detail)
        t.match(result.value, {
          provider: 'gcp',
          service: 'gcp_bigquery',
          dialect: 'google',
          path,
          region: undefined,
          upstream: {
            origin: 'https://bigquery.googleapis.com',
            authority: 'bigquery.googleapis.com',
          },
        })
        t.equal(result.value.signingName, undefined)
      }
    }
    t.end()
  })
}

t.test('a bearer at an AWS address is still no SigV4', (t) => {
  const result = match('s3.gw.test', '/b/k', [BEARER])
  t.match(result, { ok: false, error: { rule: 'RT-A1' } })
  t.end()
})

t.test('a header that asks Google for a second method is refused', (t) => {
  for (const name of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override']) {
    const result = matchGoogle('/bigquery/v2/projects/p/datasets', { headers: [[name, 'DELETE']] })
    t.match(result, { ok: false, error: { code: 'ERR_SG_REQUEST_HEADERS', rule: 'RT-12' } }, name)
  }
  t.ok(match('gw.test', '/aws/s3/b', [['X-HTTP-Method-Override', 'DELETE']]).ok, 'S3 obeys none')
  t.end()
})

const REGIONAL = [
  {
    service: 'gcp_bigquery',
    upstream: 'https://bigquery.{region}.rep.googleapis.com',
    regions: ['europe-west3', 'us-east4'],
    defaultRegion: 'europe-west3',
  },
]
const LISTED = [{ ...REGIONAL[0], upstream: 'https://bigquery.internal' }] as typeof REGIONAL

const LOCATIONS: readonly (readonly [
  id: string,
  query: string,
  routes: typeof REGIONAL | undefined,
  expected: readonly [origin: string, region: string | undefined] | string,
])[] = [
  ['none, one host for all', '', undefined, ['https://bigquery.googleapis.com', undefined]],
  ['one, one host for all', '?location=EU', undefined, ['https://bigquery.googleapis.com', 'eu']],
  [
    'none: the default',
    '',
    REGIONAL,
    ['https://bigquery.europe-west3.rep.googleapis.com', 'europe-west3'],
  ],
  [
    'in upper case',
    '?location=US-EAST4',
    REGIONAL,
    ['https://bigquery.us-east4.rep.googleapis.com', 'us-east4'],
  ],
  [
    'with an encoded name',
    '?%6Cocation=us-east4',
    REGIONAL,
    ['https://bigquery.us-east4.rep.googleapis.com', 'us-east4'],
  ],
  ['one that is not listed', '?location=asia-east1', REGIONAL, 'RT-11'],
  ['a host in its place', '?location=evil.test%2F', REGIONAL, 'RT-11'],
  ['one that is not listed, one host for all', '?location=us', LISTED, 'RT-11'],
  [
    'listed, one host for all',
    '?location=us-east4',
    LISTED,
    ['https://bigquery.internal', 'us-east4'],
  ],
  ['twice', '?location=us-east4&location=EU', undefined, 'RT-13'],
  [
    'without a value',
    '?location',
    REGIONAL,
    ['https://bigquery.europe-west3.rep.googleapis.com', 'europe-west3'],
  ],
]

for (const [id, query, routes, expected] of LOCATIONS) {
  t.test(`location: ${id}`, (t) => {
    const result = matchGoogle(
      `/bigquery/v2/projects/p/queries/j${query}`,
      routes === undefined ? {} : { routes },
    )
    if (typeof expected === 'string') t.match(result, { ok: false, error: { rule: expected } })
    else {
      t.strictSame(result.ok && [result.value.upstream.origin, result.value.region], expected)
      const locations = routes === REGIONAL ? [expected[1]] : routes?.[0]?.regions
      t.strictSame(result.ok && result.value.locations, locations && new Set(locations))
    }
    t.end()
  })
}

t.test('a service that nobody routes is told, whatever its Authorization', (t) => {
  const result = matchGoogle('/storage/v1/b', { host: 'storage.gw.test', headers: [BEARER] })
  t.match(result, { ok: false, error: { rule: 'RT-10' } })
  t.end()
})
