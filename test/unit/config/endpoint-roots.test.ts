import t from 'tap'
import { configSchema } from '../../../gateway/config/schema.ts'
import { checkAccess } from '../../../gateway/config/checks/access.ts'

function credential(endpoint: string, ca: string | undefined) {
  return {
    kind: 'aws-web-identity',
    roleArn: 'arn:aws:iam::123456789012:role/agents',
    region: 'eu-west-1',
    endpoint,
    ...(ca === undefined ? {} : { tls: { ca } }),
  }
}

function problems(credentials: Record<string, unknown>): readonly string[] {
  const parsed = configSchema.shape.credentials.parse(credentials)
  return checkAccess({ issuer: undefined, credentials: parsed })
    .filter(({ path }) => path[2] === 'tls')
    .map(({ message }) => message)
}

function google(fields: Record<string, unknown>) {
  return {
    kind: 'gcp-workload-identity',
    provider: 'projects/1/locations/global/workloadIdentityPools/pool/providers/prov',
    scopes: ['a'],
    ...fields,
  }
}

t.test('Google’s two endpoints are proven by one set of roots, wherever they are named', (t) => {
  const ca = { tls: { ca: './a.pem' } }
  t.same(problems({ a: google(ca), b: google(ca) }), [])
  t.same(problems({ a: google(ca), b: google({}) }), [
    'credentials.a names other roots for https://sts.googleapis.com',
    'credentials.a names other roots for https://iamcredentials.googleapis.com',
  ])
  t.same(
    problems({
      a: google({ ...ca, impersonationEndpoint: 'https://one' }),
      b: google({ endpoint: 'https://one', impersonationEndpoint: 'https://two' }),
    }),
    ['credentials.a names other roots for https://one'],
  )
  t.end()
})

t.test('two credentials at one endpoint name the same roots', (t) => {
  const one = 'https://sts.internal'
  t.same(problems({ a: credential(one, './a.pem'), b: credential(one, './a.pem') }), [])
  t.same(problems({ a: credential(one, './a.pem'), b: credential('https://other', './b.pem') }), [])
  t.same(problems({ a: credential(one, './a.pem'), b: credential(one, './b.pem') }), [
    'credentials.a names other roots for https://sts.internal',
  ])
  t.same(problems({ a: credential(one, undefined), b: credential(one, './b.pem') }), [
    'credentials.a names other roots for https://sts.internal',
  ])
  t.end()
})
