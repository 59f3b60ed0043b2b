// Rules across fields. Each row changes the right configuration so that every field is right by
// itself, and together they are not.

import t from 'tap'
import { changed, load, problemsOf, RIGHT_CONFIG } from '../../support/config-fixture.ts'

type Change = readonly [from: string, to: string]
type Row = readonly [id: string, changes: readonly Change[], problems: readonly string[]]

const END = '  key: audit.key\n'
const end = (text: string): Change => [END, `${END}${text}`]
const HOSTS = 'hostnames: [gw.example.org]'
const SOURCE = 'source: { kind: files, trustBundle: bundle.pem }'
const CREDENTIAL = 'region: eu-west-1 }\nbindings'
const UPSTREAM = '"https://s3.{region}.amazonaws.com"'
const PARTNER = `${SOURCE}
  trustBundles: { partner.org: { file: partner.pem } }`
const LOOPBACK = 'egress: { unsafeAllowLoopback: true }\n'
const UNSAFE =
  'warning: egress.unsafeAllowLoopback: upstreams may be on this machine, over http too'

const PROVIDER = 'projects/123/locations/global/workloadIdentityPools/agents/providers/svidgate'
const SERVICE_ACCOUNT = '{role}@sales-prod.iam.gserviceaccount.com'
const GOOGLE_CREDENTIAL = (more: string): Change => [
  '\ncredentials:\n',
  `\ncredentials:\n  gcp: { kind: gcp-workload-identity, provider: ${PROVIDER}, scopes: [https://www.googleapis.com/auth/bigquery]${more} }\n`,
]
const GOOGLE_ROUTE: Change = [
  '\nroutes:\n',
  '\nroutes:\n  - { service: gcp_bigquery, upstream: "https://bigquery.googleapis.com" }\n',
]
const GOOGLE_USE: readonly [Change, Change] = [
  [
    '\nbindings:\n',
    '\nbindings:\n  - { service: gcp_bigquery, subject: "spiffe://example.org/agent/acme/*/*", credentials: [gcp] }\n',
  ],
  GOOGLE_ROUTE,
]

const TABLE: readonly Row[] = [
  [
    'two listeners on one address',
    [['identity:\n', '  health: { address: 127.0.0.1:8443 }\nidentity:\n']],
    ['listen.health.address: the same address as listen.data.address'],
  ],
  [
    'two listeners on free ports',
    [
      ['127.0.0.1:8443', '127.0.0.1:0'],
      ['identity:\n', '  health: { address: 127.0.0.1:0 }\nidentity:\n'],
    ],
    [],
  ],
  [
    'a base host below another: a bucket’s name, or a service’s',
    [
      [HOSTS, 'hostnames: [gw.example.org, s3.gw.example.org]'],
      ['"*.s3.gw', 's3.gw.example.org, "*.s3.gw'],
    ],
    [
      'listen.data.hostnames[1]: s3.gw.example.org lies below the base host gw.example.org, where services and buckets have their names',
    ],
  ],
  [
    'a base host twice',
    [[HOSTS, 'hostnames: [gw.example.org, gw.example.org]']],
    ['listen.data.hostnames[1]: gw.example.org is listed twice'],
  ],
  [
    'one SNI name in two places',
    [['names: [gw.example.org,', 'names: [gw.example.org, gw.example.org,']],
    ['listen.data.tls[0].names[1]: gw.example.org has two certificates'],
  ],
  [
    'a base host without a certificate',
    [[HOSTS, 'hostnames: [gw.example.org, gateway.example.net]']],
    ['warning: listen.data.hostnames[1]: no entry of listen.data.tls names gateway.example.net'],
  ],
  [
    'our own domain as a federated one',
    [[SOURCE, PARTNER.replace('partner.org', 'example.org')]],
    ['identity.trustBundles.example.org: example.org is our own trust domain'],
  ],
  [
    'a foreign tenant without a map',
    [
      [
        SOURCE,
        PARTNER.replace('partner.pem }', 'partner.pem, grammar: "{tenant}/{agent}/{role}" }'),
      ],
    ],
    [
      'identity.trustBundles.partner.org.grammar: a foreign {tenant} has no meaning here without a tenant map',
    ],
  ],
  [
    'a tenant map without a grammar',
    [[SOURCE, PARTNER.replace('partner.pem }', 'partner.pem, tenants: { a: b } }')]],
    ['identity.trustBundles.partner.org.tenants: a tenant map without a grammar maps nothing'],
  ],
  [
    'a placeholder twice',
    [[SOURCE, `${SOURCE}\n  grammar: "agent/{tenant}/{tenant}/{role}"`]],
    ['identity.grammar: {tenant} stands twice'],
  ],
  [
    'a grammar without a role',
    [
      [SOURCE, `${SOURCE}\n  grammar: "agent/{tenant}/{agent}/x"`],
      ['agents-{role}', 'agents'],
    ],
    ['identity.grammar: the grammar has no {role}'],
  ],
  [
    'a foreign grammar without an agent',
    [
      [
        SOURCE,
        PARTNER.replace(
          'partner.pem }',
          'partner.pem, grammar: "{tenant}/{role}", tenants: { a: b } }',
        ),
      ],
    ],
    ['identity.trustBundles.partner.org.grammar: the grammar has no {agent}'],
  ],
  [
    'a dot segment',
    [
      [SOURCE, `${SOURCE}\n  grammar: "../{tenant}/{agent}/{role}"`],
      ['agent/acme', '*/acme'],
    ],
    ['identity.grammar: `.` and `..` are no segments of a SPIFFE ID'],
  ],
  [
    'an issuer over http',
    [['https://oidc.example.org', 'http://oidc.example.org']],
    ['issuer.url: an issuer must be https'],
  ],
  [
    'no issuer for a token',
    [['issuer:\n  url: https://oidc.example.org\n  keys: { dir: ./issuer-keys }\n', '']],
    ['credentials.s3: a token for the cloud needs an issuer, and there is none'],
  ],
  [
    'no key for required signatures',
    [['keys: { main: bundle.pub }', 'keys: {}']],
    ['policy.verification.keys: signatures are required, and there is no key to check them with'],
  ],
  [
    'signatures not required',
    [['keys: { main: bundle.pub }', 'required: false']],
    ['warning: policy.verification.required: a bundle without a signature is accepted'],
  ],
  [
    'a zone twice',
    [['policy:\n', 'policy:\n  zones: [Europe/Berlin, UTC, Europe/Berlin]\n']],
    ['policy.zones[2]: Europe/Berlin is listed twice'],
  ],
  [
    'a binding of a credential that is not there',
    [['credentials: [s3]', 'credentials: [s3, s33]']],
    ['bindings[0].credentials[1]: there is no credential `s33`'],
  ],
  [
    'a candidate twice',
    [['credentials: [s3]', 'credentials: [s3, s3]']],
    ['bindings[0].credentials[1]: `s3` is listed twice'],
  ],
  [
    'a credential inherited from nothing',
    [['credentials: [s3]', 'credentials: [s3, constructor]']],
    ['bindings[0].credentials[1]: there is no credential `constructor`'],
  ],
  [
    'a subject in an unknown trust domain',
    [['spiffe://example.org', 'spiffe://example.com']],
    ['bindings[0].subject: the trust domain example.com is not known here'],
  ],
  [
    'a subject that no SPIFFE ID fits',
    [['agent/acme/*/*', 'agent/acme/*']],
    ['bindings[0].subject: no SPIFFE ID of the grammar agent/{tenant}/{agent}/{role} matches this'],
  ],
  [
    'a subject with another literal',
    [['agent/acme/*/*', 'agents/acme/*/*']],
    ['bindings[0].subject: no SPIFFE ID of the grammar agent/{tenant}/{agent}/{role} matches this'],
  ],
  [
    'a foreign subject that the credential does not list, and whose role is unknown',
    [
      [SOURCE, PARTNER],
      ['spiffe://example.org/agent/acme/*/*', 'spiffe://partner.org/x'],
    ],
    [
      'bindings[0].credentials[0]: `s3` does not list the foreign trust domain partner.org',
      'bindings[0].credentials[0]: `s3` needs the {role} of agents that have none',
    ],
  ],
  [
    'a foreign subject that the credential lists',
    [
      [
        SOURCE,
        PARTNER.replace(
          'partner.pem }',
          'partner.pem, grammar: "{tenant}/{agent}/{role}", tenants: { a: b } }',
        ),
      ],
      ['spiffe://example.org/agent/acme/*/*', 'spiffe://partner.org/*/*/*'],
      [CREDENTIAL, 'region: eu-west-1, trustDomains: [partner.org] }\nbindings'],
    ],
    [],
  ],
  [
    'a subject that is too long for STS',
    [['agent/acme/*/*', `agent/acme/${'a'.repeat(120)}/${'b'.repeat(120)}`]],
    [
      'bindings[0].subject: STS takes subjects of 255 characters at most, and this SPIFFE ID is longer',
    ],
  ],
  [
    'a long subject as role',
    [
      ['agent/acme/*/*', `agent/acme/${'a'.repeat(120)}/${'b'.repeat(120)}`],
      [CREDENTIAL, 'region: eu-west-1, subject: role }\nbindings'],
    ],
    [],
  ],
  [
    'a credential that nothing uses',
    [['bindings:\n', '  spare: { kind: none, hosts: [a.example.org] }\nbindings:\n']],
    ['warning: credentials.spare: no binding uses the credential `spare`'],
  ],
  [
    'one audience at AWS and at another endpoint',
    [
      [
        'bindings:\n',
        '  other: { kind: aws-web-identity, roleArn: "arn:aws:iam::123456789012:role/x", region: eu-west-1, endpoint: "https://sts.example.net" }\nbindings:\n',
      ],
      ['credentials: [s3]', 'credentials: [s3, other]'],
    ],
    [
      'credentials.other.audience: the audience sts.amazonaws.com goes to two token endpoints (see credentials.s3)',
    ],
  ],
  [
    'one audience at two endpoints of AWS',
    [
      [
        'bindings:\n',
        '  other: { kind: aws-web-identity, roleArn: "arn:aws:iam::123456789012:role/x", region: eu-west-1, endpoint: "https://vpce-1.sts.eu-west-1.vpce.amazonaws.com" }\nbindings:\n',
      ],
      ['credentials: [s3]', 'credentials: [s3, other]'],
    ],
    [],
  ],
  [
    'a name that only looks like AWS',
    [
      [
        'bindings:\n',
        '  other: { kind: aws-web-identity, roleArn: "arn:aws:iam::123456789012:role/x", region: eu-west-1, endpoint: "https://sts.amazonaws.com.example.net" }\nbindings:\n',
      ],
      ['credentials: [s3]', 'credentials: [s3, other]'],
    ],
    [
      'credentials.other.audience: the audience sts.amazonaws.com goes to two token endpoints (see credentials.s3)',
    ],
  ],
  [
    'a second route for one service',
    [['routes:\n', 'routes:\n  - { service: aws_s3, upstream: "https://s3.amazonaws.com" }\n']],
    ['routes[1].service: a second route for aws_s3'],
  ],
  [
    'a service without a route',
    [[`routes:\n  - { service: aws_s3, upstream: ${UPSTREAM}, regions: [eu-west-1] }\n`, '']],
    ['bindings[0].service: no route leads to aws_s3'],
  ],
  [
    'a route that nothing is bound to',
    [
      [
        'bindings:\n  - { service: aws_s3, subject: "spiffe://example.org/agent/acme/*/*", credentials: [s3] }\n',
        '',
      ],
    ],
    [
      'warning: credentials.s3: no binding uses the credential `s3`',
      'warning: routes[0].service: no binding is for aws_s3: every request will be refused',
    ],
  ],
  [
    '{region} without regions',
    [[', regions: [eu-west-1]', '']],
    ['routes[0].upstream: `{region}` needs the list of allowed regions'],
  ],
  [
    'a default region outside the list',
    [['regions: [eu-west-1]', 'regions: [eu-west-1], region: us-east-1']],
    ['routes[0].region: the default region us-east-1 is not among `regions`'],
  ],
  [
    'a region twice',
    [['regions: [eu-west-1]', 'regions: [eu-west-1, eu-west-1]']],
    ['routes[0].regions[1]: eu-west-1 is listed twice'],
  ],
  [
    'an upstream over http',
    [[UPSTREAM, '"http://s3.{region}.amazonaws.com"']],
    ['routes[0].upstream: an upstream must be https'],
  ],
  [
    'an upstream on this machine',
    [[UPSTREAM, '"https://127.0.0.1:9000"']],
    ['routes[0].upstream: 127.0.0.1 is this machine'],
  ],
  [
    'an upstream on this machine, allowed, over http',
    [[UPSTREAM, '"http://[::1]:9000"'], end(LOOPBACK)],
    [UNSAFE],
  ],
  [
    'http elsewhere is not allowed by the switch for this machine',
    [[UPSTREAM, '"http://s3.example.net"'], end(LOOPBACK)],
    ['routes[0].upstream: an upstream must be https', UNSAFE],
  ],
  [
    'a private upstream',
    [[UPSTREAM, '"https://10.1.2.3"']],
    ['routes[0].upstream: 10.1.2.3 is a private address'],
  ],
  [
    'a private upstream, allowed',
    [[UPSTREAM, '"https://[fd12::1]"'], end('egress: { allowPrivate: true }\n')],
    [],
  ],
  ...[
    '169.254.169.254',
    '[fd00:ec2::254]',
    '[::ffff:169.254.169.254]',
    '[fe80::1]',
    '0.0.0.0',
    '[::]',
    '224.0.0.1',
    '2130706433',
    '127.1',
    '0x7f.1',
  ].map((host): Row => [
    `never an upstream: ${host}`,
    [
      [UPSTREAM, `"https://${host}"`],
      end('egress: { allowPrivate: true, unsafeAllowLoopback: true }\n'),
    ],
    [
      `routes[0].upstream: ${host.replace(/^\[|\]$/g, '')} is no address that an upstream may have`,
      UNSAFE,
    ],
  ]),
  [
    'a port that is none',
    [[UPSTREAM, '"https://s3.example.net:99999"']],
    ['routes[0].upstream: the port must be 65535 at most'],
  ],
  [
    'no credential for a host that it does not list',
    [
      ['bindings:\n', '  public: { kind: none, hosts: [s3.eu-west-1.amazonaws.com] }\nbindings:\n'],
      ['credentials: [s3]', 'credentials: [s3, public]'],
      ['regions: [eu-west-1]', 'regions: [eu-west-1, us-east-1], region: eu-west-1'],
    ],
    [
      'bindings[0].credentials[1]: `public` is not for the host s3.us-east-1.amazonaws.com of aws_s3',
    ],
  ],
  [
    'a dev trust domain beside a real cloud',
    [[SOURCE, 'source: { kind: dev, dir: ./dev }']],
    [
      'credentials.s3: `identity.source.kind: dev` is refused beside a real cloud',
      'routes[0].upstream: `identity.source.kind: dev` is refused beside a real cloud',
    ],
  ],
  [
    'a dev trust domain behind listeners that others can reach',
    [
      [SOURCE, 'source: { kind: dev, dir: ./dev }'],
      ['127.0.0.1:8443', '0.0.0.0:8443'],
      ['identity:\n', '  issuer: { address: "[::]:8482" }\nidentity:\n'],
      [UPSTREAM, '"https://localhost:9000"'],
      [CREDENTIAL, 'region: eu-west-1, endpoint: "https://localhost:9001" }\nbindings'],
      end(LOOPBACK),
    ],
    [
      'listen.data.address: `identity.source.kind: dev` is refused beside a listener that others can reach',
      'listen.issuer.address: `identity.source.kind: dev` is refused beside a listener that others can reach',
      UNSAFE,
    ],
  ],
  [
    'a dev trust domain with a partner',
    [
      [SOURCE, `source: { kind: dev, dir: ./dev }${PARTNER.slice(SOURCE.length)}`],
      [UPSTREAM, '"https://localhost:9000"'],
      [CREDENTIAL, 'region: eu-west-1, endpoint: "https://localhost:9001" }\nbindings'],
      end(LOOPBACK),
    ],
    ['identity.trustBundles: a dev trust domain is federated with no other', UNSAFE],
  ],
  [
    'a dev trust domain by itself',
    [
      [SOURCE, 'source: { kind: dev, dir: ./dev }'],
      [UPSTREAM, '"https://localhost:9000"'],
      [CREDENTIAL, 'region: eu-west-1, endpoint: "https://localhost:9001" }\nbindings'],
      end(LOOPBACK),
    ],
    [UNSAFE],
  ],
  [
    'two sinks in one directory',
    [['sinks: [', 'sinks: [{ kind: file, dir: ./audit }, ']],
    ['audit.sinks[1].dir: two sinks write to one directory'],
  ],
  ['nothing that signs', [['  keys: { dir: ./issuer-keys }\n', '']], ['issuer: nothing signs']],
  [
    'keys and a signer',
    [
      [
        '  keys: { dir: ./issuer-keys }\n',
        '  keys: { dir: ./issuer-keys }\n  signer: { kind: command, argv: [/bin/sign], publicKey: bundle.pub }\n',
      ],
    ],
    ['issuer: both `keys` and `signer` are there'],
  ],
  [
    'a signer that is looked for',
    [
      [
        '  keys: { dir: ./issuer-keys }\n',
        '  signer: { kind: command, argv: [sign], publicKey: bundle.pub }\n',
      ],
    ],
    ['issuer.signer.argv[0]: sign is no absolute path'],
  ],
  [
    'a credential of an algorithm without keys',
    [['region: eu-west-1 }\nbindings', 'region: eu-west-1, tokenAlgorithm: ES256 }\nbindings']],
    ['credentials.s3.tokenAlgorithm: the issuer has no keys for ES256'],
  ],
  [
    'a second factor beside a source that has no keys for it',
    [
      [
        '{ kind: files, trustBundle: bundle.pem }',
        '{ kind: workload-api, socket: "unix:///a" }\ntokenSource: { kind: presented, audience: "spiffe://example.org/svidgate" }',
      ],
    ],
    ['tokenSource.kind: a Workload API source has no keys for JWT-SVIDs in this version'],
  ],
  [
    'an audience of another trust domain',
    [
      [
        'policy:\n',
        'tokenSource: { kind: presented, audience: "spiffe://example.org.evil/x" }\npolicy:\n',
      ],
    ],
    ['tokenSource.audience: the audience is no SPIFFE ID of example.org'],
  ],
  [
    'a host below amazonaws.com that is not STS',
    [
      [
        'bindings:\n',
        '  other: { kind: aws-web-identity, roleArn: "arn:aws:iam::123456789012:role/x", region: eu-west-1, endpoint: "https://a1.execute-api.eu-west-1.amazonaws.com" }\nbindings:\n',
      ],
      ['credentials: [s3]', 'credentials: [s3, other]'],
    ],
    [
      'credentials.other.audience: the audience sts.amazonaws.com goes to two token endpoints (see credentials.s3)',
    ],
  ],
  [
    'the audit key among the issuer’s keys',
    [
      ['dir: ./issuer-keys', 'dir: ./keys'],
      ['key: audit.key', 'key: ./keys/audit.key'],
    ],
    ['audit.key: the audit key lies among the issuer’s keys'],
  ],
  [
    'the audit key among the issuer’s keys, in another spelling',
    [
      ['dir: ./issuer-keys', 'dir: file:./keys//'],
      ['key: audit.key', 'key: state/../keys/audit.key'],
    ],
    ['audit.key: the audit key lies among the issuer’s keys'],
  ],
  [
    'the job keys where the issuer’s keys are',
    [
      ['dir: ./issuer-keys', 'dir: ./keys'],
      end('state: { kind: memory, jobKeys: { dir: keys/ } }\n'),
    ],
    ['state.jobKeys.dir: the job keys lie among the issuer’s keys'],
  ],
  [
    'the audit key among the job keys',
    [
      end('state: { kind: memory, jobKeys: { dir: ./keys } }\n'),
      ['key: audit.key', 'key: ./keys/audit.key'],
    ],
    ['state.jobKeys.dir: the audit key lies among the job keys'],
  ],
  [
    'the job keys beside the others',
    [end('state: { kind: memory, jobKeys: { dir: ./issuer-keys-and-more } }\n')],
    [],
  ],
  [
    'the audit key beside the issuer’s keys',
    [
      ['dir: ./issuer-keys', 'dir: ./keys'],
      ['key: audit.key', 'key: ./keys-of-audit/audit.key'],
    ],
    [],
  ],
  ['Google: right', [GOOGLE_CREDENTIAL(''), ...GOOGLE_USE], []],
  [
    'Google: lifetime without impersonation',
    [GOOGLE_CREDENTIAL(', lifetime: 600s'), ...GOOGLE_USE],
    ['credentials.gcp.lifetime: `lifetime` applies to impersonation only'],
  ],
  [
    'Google: lifetime with impersonation',
    [GOOGLE_CREDENTIAL(`, lifetime: 600s, serviceAccount: "${SERVICE_ACCOUNT}"`), ...GOOGLE_USE],
    [],
  ],
  [
    'Google: a part of the identity that the grammar does not give',
    [
      [SOURCE, PARTNER],
      GOOGLE_CREDENTIAL(`, serviceAccount: "${SERVICE_ACCOUNT}", trustDomains: [partner.org]`),
      [
        '\nbindings:\n',
        '\nbindings:\n  - { service: gcp_bigquery, subject: "spiffe://partner.org/a", credentials: [gcp] }\n',
      ],
      GOOGLE_ROUTE,
    ],
    ['bindings[0].credentials[0]: `gcp` needs the {role} of agents that have none'],
  ],
  [
    'a credential of another cloud',
    [
      GOOGLE_CREDENTIAL(''),
      [
        '\nbindings:\n',
        '\nbindings:\n  - { service: gcp_bigquery, subject: "spiffe://example.org/agent/acme/*/*", credentials: [gcp, s3] }\n',
      ],
      GOOGLE_ROUTE,
    ],
    ['bindings[0].credentials[1]: `s3` is a credential of aws, and gcp_bigquery is not'],
  ],
  [
    'Google: one audience at two token endpoints',
    [
      GOOGLE_CREDENTIAL(
        ` }\n  gcp2: { kind: gcp-workload-identity, provider: "//iam.googleapis.com/${PROVIDER}", scopes: [x], endpoint: "https://sts.partner.org"`,
      ),
      [
        '\nbindings:\n',
        '\nbindings:\n  - { service: gcp_bigquery, subject: "spiffe://example.org/agent/acme/*/*", credentials: [gcp, gcp2] }\n',
      ],
      GOOGLE_ROUTE,
    ],
    [
      `credentials.gcp2: the audience //iam.googleapis.com/${PROVIDER} goes to two token endpoints (see credentials.gcp)`,
    ],
  ],
  [
    'Google: the audience of AWS',
    [GOOGLE_CREDENTIAL(', audience: sts.amazonaws.com'), ...GOOGLE_USE],
    [
      'credentials.s3.audience: the audience sts.amazonaws.com goes to two token endpoints (see credentials.gcp)',
    ],
  ],
  [
    'Google: a regional endpoint is the same party',
    [
      GOOGLE_CREDENTIAL(
        ` }\n  gcp2: { kind: gcp-workload-identity, provider: ${PROVIDER}, scopes: [x], endpoint: "https://sts.europe-west3.rep.googleapis.com"`,
      ),
      [
        '\nbindings:\n',
        '\nbindings:\n  - { service: gcp_bigquery, subject: "spiffe://example.org/agent/acme/*/*", credentials: [gcp, gcp2] }\n',
      ],
      GOOGLE_ROUTE,
    ],
    [],
  ],
  [
    'Google: both token endpoints are dialled',
    [
      GOOGLE_CREDENTIAL(
        ', endpoint: "https://169.254.169.254", impersonationEndpoint: "http://iam.example.org"',
      ),
      ...GOOGLE_USE,
    ],
    [
      'credentials.gcp.endpoint: 169.254.169.254 is no address that an upstream may have',
      'credentials.gcp.impersonationEndpoint: an upstream must be https',
    ],
  ],
  [
    'regions of the other cloud',
    [
      ['regions: [eu-west-1] }', 'regions: [europe-west3] }'],
      GOOGLE_CREDENTIAL(''),
      GOOGLE_USE[0],
      [
        '\nroutes:\n',
        '\nroutes:\n  - { service: gcp_bigquery, upstream: "https://bigquery.{region}.rep.googleapis.com", regions: [eu-west-1] }\n',
      ],
    ],
    [
      'routes[0].regions[0]: eu-west-1 is no location of Google Cloud that is known here',
      'routes[1].regions[0]: europe-west3 is no region of AWS',
    ],
  ],
]

for (const [id, changes, expected] of TABLE) {
  t.test(id, async (t) => {
    const config = changes.reduce((text, [from, to]) => changed(from, to, text), RIGHT_CONFIG)
    const problems = await problemsOf(config)
    t.strictSame(
      problems.map((problem) => problem.replace(/^\d+:\d+ /, '')),
      expected,
    )
  })
}

t.test('warnings alone do not stop a configuration, errors do', async (t) => {
  const unsigned = await load(changed('keys: { main: bundle.pub }', 'required: false'))
  t.equal(unsigned.ok, true)
  const unkeyed = await load(changed('keys: { main: bundle.pub }', 'keys: {}'))
  t.equal(unkeyed.ok, false)
})
