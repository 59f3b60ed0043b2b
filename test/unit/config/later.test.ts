// What the contract names and this version cannot do is an error that says so.

import t from 'tap'
import { changed, problemsOf } from '../../support/config-fixture.ts'

const END = '  key: audit.key\n'
const end = (text: string): readonly [string, string] => [END, `${END}${text}\n`]

const TABLE: readonly (readonly [what: string, change: readonly [string, string]])[] = [
  ['workers: auto', end('workers: auto')],
  ['workers: 4', end('workers: 4')],
  ['perAgent: true', end('telemetry: { metrics: { perAgent: true } }')],
  ['proxyProtocol: true', ['    tls:\n', '    proxyProtocol: true\n    tls:\n']],
  ['address', ['identity:\n', '  admin: { socket: a.sock, address: 127.0.0.1:1 }\nidentity:\n']],
  ['kind: pkcs11', ['keys: { dir: ./issuer-keys }', 'signer: { kind: pkcs11 }']],
  ['kind: spire-delegated', end('tokenSource: { kind: spire-delegated }')],
  ['source: https://b.example.org/a', ['file:authz.tar.gz', 'https://b.example.org/a']],
  ['source: s3://bundles/a', ['file:authz.tar.gz', 's3://bundles/a']],
  ['0: acme', ['name: authz, source', 'name: authz, tenants: [acme], source']],
  ['isolation: worker', ['policy:\n', 'policy:\n  isolation: worker\n']],
  ['challenger', ['policy:\n', 'policy:\n  challenger: { source: "file:x", sample: 1.0 }\n']],
  [
    'unsafeNoFreshness',
    ['keys: { main: bundle.pub }', 'unsafeNoFreshness: true, keys: { main: bundle.pub }'],
  ],
  ['maxStaleness', ['keys: { main: bundle.pub }', 'maxStaleness: 24h, keys: { main: bundle.pub }']],
  ['unsafeObserve', ['policy:\n', 'policy:\n  unsafeObserve: { roles: [a] }\n']],
  ['kind: azure-federated', ['bindings:\n', '  g: { kind: azure-federated }\nbindings:\n']],
  ['kind: secret', ['bindings:\n', '  g: { kind: secret, value: "file:x" }\nbindings:\n']],
  ['kind: token-exchange', ['bindings:\n', '  g: { kind: token-exchange }\nbindings:\n']],
  ['service: gcp_storage', ['service: aws_s3, upstream', 'service: gcp_storage, upstream']],
  ['service: aws_dynamodb', ['service: aws_s3, subject', 'service: aws_dynamodb, subject']],
  ['service: http_tickets', ['service: aws_s3, subject', 'service: http_tickets, subject']],
  ['proxy', ['regions: [eu-west-1]', 'regions: [eu-west-1], proxy: "http://p"']],
  ['openapi', ['regions: [eu-west-1]', 'regions: [eu-west-1], openapi: "file:x"']],
  [
    'unsafeAllowUnknown',
    ['regions: [eu-west-1]', 'regions: [eu-west-1], unsafeAllowUnknown: true'],
  ],
  ['facts', end('facts: { overrides: "file:facts.yaml" }')],
  ['onFailure: allow', [END, `${END}  onFailure: allow\n`]],
  ['kind: redis', end('state: { kind: redis, url: "redis://r" }')],
  ['otlp', end('telemetry: { otlp: { endpoint: x } }')],
]

for (const [what, [from, to]] of TABLE) {
  t.test(what, async (t) => {
    const problems = await problemsOf(changed(from, to))
    const told = problems.filter((problem) =>
      problem.endsWith(`: \`${what}\` is not supported by this version`),
    )
    t.equal(told.length, 1, problems.join('\n'))
    t.notOk(
      problems.some((problem) => problem.includes('unknown key')),
      'and not called unknown as well',
    )
  })
}
