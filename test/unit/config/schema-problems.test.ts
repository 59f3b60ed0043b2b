// What is wrong in one place: each row changes the right configuration and names the line, the
// column, the path and the words that an operator then reads.

import t from 'tap'
import { changed, load, problemsOf, RIGHT_CONFIG } from '../../support/config-fixture.ts'

t.test('the right configuration has no problem', async (t) => {
  t.strictSame(await problemsOf(RIGHT_CONFIG), [])
})

type Row = readonly [id: string, from: string, to: string, problem: string]

const GOOGLE =
  '\nbindings:\n  g: { kind: gcp-workload-identity, scopes: [a], provider: projects/1/locations/global/workloadIdentityPools/pool/providers/prov, '
const google = (field: string): readonly [from: string, to: string] => [
  '\nbindings:',
  GOOGLE.replace('\nbindings:\n', '\n') + `${field} }\nbindings:`,
]

const TABLE: readonly Row[] = [
  [
    'a narrowing that Google does not have',
    ...google('sessionPolicy: derive'),
    '22:146 credentials.g.sessionPolicy: expected none, because Google has no session policies: the roles of the principal are what bounds a token, got "derive"',
  ],
  [
    'a lifetime that clocks would break',
    ...google('serviceAccount: a@p.iam.gserviceaccount.com, lifetime: 3600s'),
    '22:186 credentials.g.lifetime: must be between 300s and 3300s, got "3600s"',
  ],
  [
    'a person to impersonate',
    ...google('serviceAccount: someone@example.org'),
    '22:147 credentials.g.serviceAccount: expected a service account such as agents-{role}@my-project.iam.gserviceaccount.com, got "someone@example.org"',
  ],
  [
    'unknown top-level key',
    'trustDomain: example.org',
    'trustDomain: example.org\ntrustdomain: x',
    '3:1 trustdomain: unknown key `trustdomain`',
  ],
  [
    'unknown nested key',
    'hostnames: [gw.example.org]',
    'hostnames: [gw.example.org]\n    hostname: x',
    '7:5 listen.data.hostname: unknown key `hostname`',
  ],
  [
    'unknown key in a list item',
    'name: authz, source',
    'name: authz, sorce: x, source',
    '18:28 policy.bundles[0].sorce: unknown key `sorce`',
  ],
  [
    'unknown key in a map’s value',
    'region: eu-west-1 }\nbindings',
    'region: eu-west-1, rolArn: x }\nbindings',
    '21:109 credentials.s3.rolArn: unknown key `rolArn`',
  ],
  ['version', 'version: 1', 'version: 2', '1:10 version: expected 1, got 2'],
  [
    'empty value',
    'trustDomain: example.org',
    'trustDomain:',
    '2:13 trustDomain: expected a trust domain such as example.org, got nothing',
  ],
  [
    'missing key, told at its parent',
    '    address: 127.0.0.1:8443\n',
    '',
    '4:3 listen.data.address: `address` is missing',
  ],
  [
    'upper case in a host name',
    'hostnames: [gw.example.org]',
    'hostnames: [GW.example.org]',
    '6:17 listen.data.hostnames[0]: expected a host name in lower case such as gw.example.org, got "GW.example.org"',
  ],
  [
    'underscore in a host name',
    'hostnames: [gw.example.org]',
    'hostnames: [g_w.example.org]',
    '6:17 listen.data.hostnames[0]: expected a host name in lower case such as gw.example.org, got "g_w.example.org"',
  ],
  [
    'trailing dot in a host name',
    'hostnames: [gw.example.org]',
    'hostnames: [gw.example.org.]',
    '6:17 listen.data.hostnames[0]: expected a host name in lower case such as gw.example.org, got "gw.example.org."',
  ],
  [
    'empty list',
    'hostnames: [gw.example.org]',
    'hostnames: []',
    '6:16 listen.data.hostnames: must have at least 1 items',
  ],
  [
    'a second bundle',
    'bundles: [',
    'bundles: [{ name: base, source: "file:authz.tar.gz" }, ',
    '18:12 policy.bundles: must have at most 1 items',
  ],
  [
    'a floor below zero',
    'keys: { main: bundle.pub }',
    'keys: { main: bundle.pub }, minRevision: -1',
    '19:60 policy.verification.minRevision: expected a whole number, got -1',
  ],
  [
    'a floor that is no whole number',
    'keys: { main: bundle.pub }',
    'keys: { main: bundle.pub }, minRevision: "7"',
    '19:60 policy.verification.minRevision: expected a whole number, got "7"',
  ],
  [
    'port alone',
    '127.0.0.1:8443',
    '8443',
    '5:14 listen.data.address: expected an address and a port such as 127.0.0.1:8443 or [::1]:8443, got 8443',
  ],
  [
    'port out of range',
    '127.0.0.1:8443',
    '127.0.0.1:70000',
    '5:14 listen.data.address: the port must be 65535 at most, got "127.0.0.1:70000"',
  ],
  [
    'wildcard in the middle',
    '"*.s3.gw.example.org"',
    '"s3.*.example.org"',
    '9:33 listen.data.tls[0].names[1]: expected a host name in lower case, or *. and a host name, got "s3.*.example.org"',
  ],
  [
    'a certificate pasted in',
    'cert: file:./gw.pem',
    'cert: "-----BEGIN CERTIFICATE-----"',
    '10:15 listen.data.tls[0].cert: expected a path such as file:./keys/main.pem, got the text of a PEM file',
  ],
  [
    'a secret store that does not exist yet',
    'key: file:./gw.key',
    'key: vault:tls#key',
    '11:14 listen.data.tls[0].key: expected a reference to a private key such as file:./keys/tls.key or ${TLS_KEY}, got "vault:tls#key"',
  ],
  [
    'a file on another host',
    'cert: file:./gw.pem',
    'cert: file://host/gw.pem',
    '10:15 listen.data.tls[0].cert: expected a path such as file:./keys/main.pem, got "file://host/gw.pem"',
  ],
  [
    'kind with a slip',
    'kind: aws-web-identity',
    'kind: aws-web-identiy',
    '21:15 credentials.s3.kind: expected aws-web-identity or gcp-workload-identity or none, got "aws-web-identiy"',
  ],
  [
    'credential name in upper case',
    '  s3: {',
    '  S3: {',
    '21:3 credentials.S3: the key: expected a name of lower-case letters, digits, - and _ (at most 64)',
  ],
  [
    'account id too short',
    '123456789012',
    '12345678901',
    '21:42 credentials.s3.roleArn: expected a role ARN such as arn:aws:iam::123456789012:role/agents-{role}, got "arn:aws:iam::12345678901:role/agents-{role}"',
  ],
  [
    'a placeholder that no SPIFFE ID fills',
    'agents-{role}',
    'agents-{team}',
    '21:42 credentials.s3.roleArn: expected a role ARN such as arn:aws:iam::123456789012:role/agents-{role}, got "arn:aws:iam::123456789012:role/agents-{team}"',
  ],
  [
    'session shorter than STS grants',
    'region: eu-west-1 }\nbindings',
    'region: eu-west-1, duration: 5m }\nbindings',
    '21:119 credentials.s3.duration: must be between 900s and 12h, got "5m"',
  ],
  [
    'duration without a unit',
    'region: eu-west-1 }\nbindings',
    'region: eu-west-1, duration: 900 }\nbindings',
    '21:119 credentials.s3.duration: expected a duration such as 900s, 5m or 24h, got 900',
  ],
  [
    'unknown choice',
    'region: eu-west-1 }\nbindings',
    'region: eu-west-1, sessionPolicy: derived }\nbindings',
    '21:124 credentials.s3.sessionPolicy: expected derive or decision or none, got "derived"',
  ],
  [
    'part of a segment as wildcard',
    'agent/acme/*/*',
    'agent/ac*/*/*',
    '23:33 bindings[0].subject: expected a SPIFFE ID, in which * stands for one whole segment, got "spiffe://example.org/agent/ac*/*/*"',
  ],
  [
    'upstream with a path',
    '"https://s3.{region}.amazonaws.com"',
    '"https://s3.{region}.amazonaws.com/"',
    '25:34 routes[0].upstream: expected an origin in lower case, without a path, such as https://s3.{region}.amazonaws.com, got "https://s3.{region}.amazonaws.com/"',
  ],
  [
    'upstream with user information',
    '"https://s3.{region}.amazonaws.com"',
    '"https://user@s3.amazonaws.com"',
    '25:34 routes[0].upstream: expected an origin in lower case, without a path, such as https://s3.{region}.amazonaws.com, got "https://user@s3.amazonaws.com"',
  ],
  [
    'a region that is none',
    'regions: [eu-west-1]',
    'regions: [europe]',
    '25:81 routes[0].regions[0]: expected a region such as eu-west-1, europe-west1 or eu, got "europe"',
  ],
  [
    'grammar with an unknown part',
    'trustBundle: bundle.pem }',
    'trustBundle: bundle.pem }\n  grammar: "agent/{team}"',
    '14:12 identity.grammar: expected a path grammar such as agent/{tenant}/{agent}/{role}, got "agent/{team}"',
  ],
  [
    'issuer URL with a trailing slash',
    'https://oidc.example.org',
    'https://oidc.example.org/',
    '15:8 issuer.url: expected an issuer URL without query and trailing slash, such as https://oidc.example.org, got "https://oidc.example.org/"',
  ],
  [
    'entrypoint in Rego’s spelling',
    'policy:\n',
    'policy:\n  decision: data.svidgate.authz.decision\n',
    '18:13 policy.decision: expected an entrypoint such as svidgate/authz/decision, got "data.svidgate.authz.decision"',
  ],
  [
    'a zone that is none',
    'policy:\n',
    'policy:\n  zones: [Europe/Berlin, Europe/Berlim]\n',
    '18:26 policy.zones[1]: expected a time zone such as Europe/Berlin, got "Europe/Berlim"',
  ],
  [
    'a limit of zero',
    'key: audit.key\n',
    'key: audit.key\nlimits: { perIdentity: { concurrent: 0 } }\n',
    '29:38 limits.perIdentity.concurrent: expected a whole number from 1 to 10000, got 0',
  ],
  [
    'a limit with a fraction',
    'key: audit.key\n',
    'key: audit.key\nlimits: { maxHeaderLines: 99.5 }\n',
    '29:27 limits.maxHeaderLines: expected a whole number from 16 to 1000, got 99.5',
  ],
  [
    'a size in thousands',
    'key: audit.key\n',
    'key: audit.key\nlimits: { maxHeaderBytes: 16KB }\n',
    '29:27 limits.maxHeaderBytes: expected a size such as 16KiB or 256MiB, got "16KB"',
  ],
  [
    'text where true or false belongs',
    'key: audit.key\n',
    'key: audit.key\negress: { allowPrivate: yes }\n',
    '29:25 egress.allowPrivate: expected true or false, got "yes"',
  ],
  [
    'a value where a group belongs',
    'key: audit.key\n',
    'key: audit.key\nlimits: 5\n',
    '29:9 limits: expected keys and values, got 5',
  ],
  [
    'a variable that is not set',
    'roleArn: "arn:aws:iam::123456789012:role/agents-{role}"',
    'roleArn: "arn:aws:iam::${ACCOUNT}:role/agents"',
    '21:42 credentials.s3.roleArn: the environment variable ACCOUNT is not set',
  ],
]

for (const [id, from, to, problem] of TABLE) {
  t.test(id, async (t) => {
    t.strictSame(await problemsOf(changed(from, to)), [problem])
  })
}

t.test('every problem says how to mend it', async (t) => {
  for (const [id, from, to] of TABLE) {
    const loaded = await load(changed(from, to))
    if (loaded.ok) throw new Error(`${id} was loaded`)
    for (const { hint } of loaded.error) t.ok(hint.length > 5, `${id}: ${hint}`)
  }
})

t.test('an unknown key names the key that was meant, or those that are known', async (t) => {
  const hintOf = async (from: string, to: string) => {
    const loaded = await load(changed(from, to))
    return loaded.ok ? undefined : loaded.error[0]?.hint
  }
  const domain = 'trustDomain: example.org'
  t.equal(await hintOf(domain, `${domain}\nlimts: {}`), 'Did you mean `limits`?')
  t.equal(
    await hintOf('name: authz, source', 'name: authz, sorce: x, source'),
    'Did you mean `source`?',
  )
  t.equal(
    await hintOf('kind: files, trustBundle', 'kind: files, dir: x, trustBundle'),
    'Known here: kind, trustBundle, svid, watch.',
    'of the right kind alone',
  )
  t.equal(
    await hintOf('kind: aws-web-identity', 'kind: aws-web-identiy'),
    'Did you mean `aws-web-identity`?',
  )
})

t.test('all problems are told at once, in file order, across sections and kinds', async (t) => {
  let config = changed('version: 1', 'version: 3')
  config = changed('name: authz, source', 'name: Authz, source', config)
  config = changed('credentials: [s3]', 'credentials: [s4]', config)
  config = changed('regions: [eu-west-1]', 'regions: [eu-west-1], tls: { ca: missing.pem }', config)
  t.strictSame(await problemsOf(config), [
    '1:10 version: expected 1, got 3',
    '18:21 policy.bundles[0].name: expected a name of lower-case letters, digits, - and _ (at most 64), got "Authz"',
    '21:3 warning: credentials.s3: no binding uses the credential `s3`',
    '23:86 bindings[0].credentials[0]: there is no credential `s4`',
    '25:104 routes[0].tls.ca: /etc/svidgate/missing.pem does not exist',
  ])
})

t.test('a file that is not there, or is not YAML, is a problem too', async (t) => {
  t.strictSame(await problemsOf('', { files: new Map() }), ['1:1 : there is no such file'])
  const [first] = await problemsOf('a: [1\n')
  t.match(first, /^2:1 : /)
  t.strictSame(await problemsOf(''), ['1:1 : expected keys and values, got nothing'])
  t.strictSame(await problemsOf('- a\n'), ['1:1 : expected keys and values, got a list'])
})
