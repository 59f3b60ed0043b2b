// `identity`: where SVIDs and bundles come from, and what does not go together.

import t from 'tap'
import { trustSettingsOf } from '../../../gateway/compose/identity-source.ts'
import { changed, load, loadRight, problemsOf, RIGHT_CONFIG } from '../../support/config-fixture.ts'

type Change = readonly [from: string, to: string]

const SOURCE = 'source: { kind: files, trustBundle: bundle.pem }'
const all = (changes: readonly Change[]): string =>
  changes.reduce((text, [from, to]) => changed(from, to, text), RIGHT_CONFIG)
const workload = (more = ', socket: "unix:///run/agent.sock"'): Change => [
  SOURCE,
  `source: { kind: workload-api${more} }`,
]
const partner = (settings: string, source = SOURCE): Change => [
  SOURCE,
  `${source}\n  trustBundles: { partner.org: { ${settings} } }`,
]
const SVID: Change = ['      - kind: files\n', '      - { kind: svid }\n      - kind: files\n']
const ENDPOINT = 'endpoint: "https://partner.org/bundle"'
const SPIFFE = `${ENDPOINT}, profile: https_spiffe`
const ID = 'endpointSpiffeId: "spiffe://partner.org/endpoint"'

const RIGHT: readonly (readonly [id: string, changes: readonly Change[]])[] = [
  ['the Workload API', [workload()]],
  ['the Workload API over TCP on this machine', [workload(', socket: "tcp://127.0.0.1:8000"')]],
  ['our own SVID from the Workload API', [workload(), SVID]],
  [
    'our own SVID from files',
    [[SOURCE, SOURCE.replace(' }', ', svid: { cert: gw.pem, key: gw.key } }')], SVID],
  ],
  ['watched files', [[SOURCE, SOURCE.replace(' }', ', watch: true }')]]],
  [
    'names for a domain that the Workload API federates',
    [partner('grammar: "{tenant}/{agent}/{role}", tenants: { a: b }', workload()[1])],
  ],
  ['https_web', [partner(`${ENDPOINT}, profile: https_web`)]],
  [
    'https_web with authorities of its own',
    [partner(`${ENDPOINT}, profile: https_web, tls: { ca: ca.pem }`)],
  ],
  ['https_spiffe', [partner(`${SPIFFE}, ${ID}, bundle: partner.pem, maxAge: 48h`)]],
  [
    'https_spiffe by another domain',
    [partner(`${SPIFFE}, endpointSpiffeId: "spiffe://host.org/a"`)],
  ],
]

for (const [id, changes] of RIGHT) {
  t.test(`right: ${id}`, async (t) => {
    t.same(await problemsOf(all(changes)), [])
  })
}

const WRONG: readonly (readonly [id: string, changes: readonly Change[], problem: RegExp])[] = [
  ['no socket anywhere', [workload('')], /source.socket: neither `socket:` nor SPIFFE_ENDPOINT/],
  ['a socket with an authority', [workload(', socket: "unix://host/a"')], /source.socket: a Unix/],
  [
    'a Workload API on another machine',
    [workload(', socket: "tcp://10.0.0.1:1"')],
    /on this machine/,
  ],
  ['no SVID to show', [SVID], /tls\[0\].kind: there is no SVID of our own/],
  ['one SVID twice', [workload(), SVID, SVID], /tls\[1\]: our own SVID is listed twice/],
  [
    'a key that is none',
    [[SOURCE, SOURCE.replace(' }', ', svid: { cert: gw.pem, key: gw.pem } }')]],
    /svid.key/,
  ],
  ['no bundle of a partner', [partner('maxAge: 1h')], /nothing says where the bundle comes from/],
  [
    'file and endpoint',
    [partner(`file: partner.pem, ${ENDPOINT}, profile: https_web`)],
    /file: a bundle has one origin/,
  ],
  ['no profile', [partner(ENDPOINT)], /endpoint: an endpoint needs its profile/],
  [
    'a profile alone',
    [partner('file: partner.pem, profile: https_web')],
    /profile: `profile` belongs/,
  ],
  [
    'a first bundle of a file',
    [partner('file: partner.pem, bundle: partner.pem')],
    /bundle: `bundle` belongs/,
  ],
  [
    'an ID for https_web',
    [partner(`${ENDPOINT}, profile: https_web, ${ID}`)],
    /looks at no SPIFFE ID/,
  ],
  [
    'https_spiffe without an ID',
    [partner(`${SPIFFE}, bundle: partner.pem`)],
    /profile: `https_spiffe` needs the SPIFFE ID/,
  ],
  ['https_spiffe without a first bundle', [partner(`${SPIFFE}, ${ID}`)], /needs a first bundle/],
  [
    'https_spiffe with web authorities',
    [partner(`${SPIFFE}, ${ID}, bundle: partner.pem, tls: { ca: ca.pem }`)],
    /tls: `https_spiffe` looks at SVIDs/,
  ],
  [
    'an ID that is none',
    [partner(`${SPIFFE}, endpointSpiffeId: "spiffe://partner.org/a/../b", bundle: partner.pem`)],
    /this is no SPIFFE ID/,
  ],
  [
    'http',
    [partner(`${ENDPOINT.replace('https', 'http')}, profile: https_web`)],
    /endpoint: expected an https URL/,
  ],
  [
    'userinfo',
    [partner('endpoint: "https://a@partner.org/b", profile: https_web')],
    /expected an https URL/,
  ],
  [
    'a fragment',
    [partner('endpoint: "https://partner.org/b#c", profile: https_web')],
    /expected an https URL/,
  ],
  [
    'this machine',
    [partner('endpoint: "https://127.0.0.1/b", profile: https_web')],
    /127.0.0.1 is this machine/,
  ],
  [
    'a metadata server',
    [partner('endpoint: "https://169.254.169.254/b", profile: https_web')],
    /no address that an upstream may have/,
  ],
  [
    'a file that is not there',
    [partner(`${SPIFFE}, ${ID}, bundle: nothing.pem`)],
    /nothing.pem does not exist/,
  ],
  [
    'too old',
    [partner(`${ENDPOINT}, profile: https_web, maxAge: 8760h`)],
    /maxAge: must be between/,
  ],
]

for (const [id, changes, problem] of WRONG) {
  t.test(`wrong: ${id}`, async (t) => {
    const problems = await problemsOf(all(changes))
    t.equal(problems.length, 1, problems.join('\n'))
    t.match(problems[0], problem)
  })
}

t.test('without `socket:` the environment says where the Workload API is', async (t) => {
  const text = all([workload('')])
  const env = (socket: string) => ({ SPIFFE_ENDPOINT_SOCKET: socket })
  const { config } = await loadRight(text, env('unix:///run/agent.sock'))
  t.strictSame(config.identity.source, { kind: 'workload-api', socket: 'unix:///run/agent.sock' })
  t.match(await load(text, { env: env('/run/agent.sock') }), {
    ok: false,
    error: [{ message: /^SPIFFE_ENDPOINT_SOCKET: expected unix/ }],
  })
})

t.test('an endpoint in the form that the sources take', async (t) => {
  const settings = `${SPIFFE}, ${ID}, bundle: partner.pem, maxAge: 48h`
  const { config } = await loadRight(all([partner(settings)]))
  t.strictSame(trustSettingsOf(config).endpoints?.get('partner.org'), {
    origin: 'https://partner.org',
    path: '/bundle',
    profile: { kind: 'https_spiffe', endpointSpiffeId: 'spiffe://partner.org/endpoint' },
    bundleFile: '/etc/svidgate/partner.pem',
    maxAge: 172_800_000,
  })
})
