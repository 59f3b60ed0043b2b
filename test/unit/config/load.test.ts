// What a right file becomes: defaults, units, absolute paths, nothing that can be changed, nothing
// secret that can be printed.

import { inspect } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { redactConfig } from '../../../gateway/config/redact.ts'
import { changesNeedingRestart } from '../../../gateway/config/reload.ts'
import {
  changed,
  load,
  loadRight,
  OTHER,
  RIGHT_CONFIG,
  SERVER,
} from '../../support/config-fixture.ts'

const END = '  key: audit.key\n'

t.test('defaults are filled in, in milliseconds and bytes', async (t) => {
  const { config } = await loadRight()
  t.equal(config.workers, 1)
  t.strictSame(config.listen.health.address, { host: '127.0.0.1', port: 8480 })
  t.equal(config.listen.admin, undefined)
  t.equal(config.identity.grammar, 'agent/{tenant}/{agent}/{role}')
  t.strictSame(config.tokenSource, { kind: 'issuer' })
  t.equal(config.issuer?.tokenTtl, 300_000)
  t.equal(config.policy.verification.required, true)
  t.equal(config.policy.verification.minRevision, undefined)
  t.equal(config.policy.decision, 'svidgate/authz/decision')
  t.match(config.credentials.get('s3'), {
    kind: 'aws-web-identity',
    duration: 900_000,
    sessionPolicy: 'derive',
    subject: 'spiffe-id',
    audience: 'sts.amazonaws.com',
  })
  t.match(config.limits, {
    perIdentity: { requestsPerSecond: 100, concurrent: 64, connections: 16 },
    maxHeaderBytes: 16_384,
    maxHeaderLines: 100,
    inspectBytes: 268_435_456,
    timeouts: { handshake: 10_000, drain: 25_000 },
  })
  t.strictSame(config.egress, { allowPrivate: false, unsafeAllowLoopback: false })
  t.equal(config.audit.checkpoint, 60_000)
  t.equal(config.audit.sinks[0]?.fsync, 'group')
  t.equal(config.audit.onFailure, 'deny')
  t.strictSame(config.telemetry, { log: { level: 'info' }, metrics: { perAgent: false } })
})

t.test('paths start at the file’s own directory; contents are there', async (t) => {
  const { config } = await loadRight()
  t.equal(config.issuer?.keys?.dir, '/etc/svidgate/issuer-keys')
  t.equal(config.audit.sinks[0]?.dir, '/etc/svidgate/audit')
  t.equal(config.state.jobKeys.dir, '/etc/svidgate/state/job-keys')
  t.strictSame(config.identity.source, {
    kind: 'files',
    trustBundle: '/etc/svidgate/bundle.pem',
    watch: false,
  })
  t.equal(config.policy.bundles[0]?.source, '/etc/svidgate/authz.tar.gz')
  t.strictSame(config.policy.verification.keys.get('main'), {
    path: '/etc/svidgate/bundle.pub',
    text: OTHER.publicKey,
  })
  const tls = config.listen.data.tls[0]
  if (tls?.kind !== 'files') throw new Error('not from files')
  t.equal(tls.cert.text, SERVER.certificate)
  t.equal(tls.key.pem.reveal(), SERVER.key)
  t.equal(config.audit.key, '/etc/svidgate/audit.key', 'a path: whoever records makes the key')
})

t.test('absolute paths and file: URLs stay where they point', async (t) => {
  for (const path of ['/var/audit', 'file:/var/audit', 'file:///var/audit']) {
    const { config } = await loadRight(changed('dir: ./audit', `dir: "${path}"`))
    t.equal(config.audit.sinks[0]?.dir, '/var/audit', path)
  }
})

t.test('addresses, regions and CAs take their final form', async (t) => {
  const v6 = await loadRight(changed('127.0.0.1:8443', '"[::1]:0"'))
  t.strictSame(v6.config.listen.data.address, { host: '::1', port: 0 })

  t.equal((await loadRight()).config.routes[0]?.region, 'eu-west-1', 'the only one is the default')
  const two = changed('regions: [eu-west-1]', 'regions: [eu-west-1, us-east-1]')
  t.equal((await loadRight(two)).config.routes[0]?.region, undefined, 'of two, none is')

  const ca = changed('regions: [eu-west-1]', 'regions: [eu-west-1], tls: { ca: ca.pem }')
  t.strictSame((await loadRight(ca)).config.routes[0]?.tls?.ca, {
    path: '/etc/svidgate/ca.pem',
    text: OTHER.certificate,
  })
})

t.test('federated domains come with their own grammar and tenant map', async (t) => {
  const { config } = await loadRight(
    changed(
      'issuer:\n',
      '  trustBundles: { partner.org: { file: partner.pem, grammar: "{tenant}/{agent}/{role}", tenants: { theirs: ours } } }\n' +
        'issuer:\n',
    ),
  )
  const partner = config.identity.trustBundles.get('partner.org')
  t.equal(partner?.file, '/etc/svidgate/partner.pem')
  t.equal(partner?.tenants.get('theirs'), 'ours')
  t.equal(partner?.tenants.get('toString'), undefined)
})

t.test('nothing of it can be changed', async (t) => {
  const { config } = await loadRight()
  const visit = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) return
    if (value.constructor.name === 'Secret') return
    t.ok(Object.isFrozen(value), path)
    const entries = value instanceof Map ? [...value] : Object.entries(value)
    for (const [key, item] of entries) visit(item, `${path}.${String(key)}`)
  }
  visit(config, 'config')
})

t.test('no way of printing it shows a key', async (t) => {
  const { config } = await loadRight()
  for (const text of [JSON.stringify(config), inspect(config, { depth: 20 }), String(config)]) {
    t.notMatch(text, /PRIVATE KEY/)
  }
})

t.test('redacted: defaults are shown, keys and what the environment gave are not', async (t) => {
  const env = { ACCOUNT: '123456789012', RATE: '7777', PORT: '9443', TLS: SERVER.key }
  let config = changed('iam::123456789012', 'iam::${ACCOUNT}')
  config = changed('127.0.0.1:8443', '127.0.0.1:${PORT}', config)
  config = changed('key: file:./gw.key', 'key: ${TLS}', config)
  config = changed(
    END,
    `${END}limits: { perIdentity: { requestsPerSecond: "\${RATE}" } }\n`,
    config,
  )
  const loaded = await loadRight(config, env)
  t.equal(loaded.config.limits.perIdentity.requestsPerSecond, 7777)
  const shown = redactConfig(loaded)
  t.match(shown, {
    trustDomain: 'example.org',
    listen: {
      data: {
        address: '127.0.0.1:${PORT}',
        tls: [{ cert: { path: '/etc/svidgate/gw.pem' }, key: '${TLS}' }],
      },
    },
    credentials: {
      s3: { roleArn: 'arn:aws:iam::${ACCOUNT}:role/agents-{role}', duration: 900_000 },
    },
    audit: { key: '/etc/svidgate/audit.key' },
    limits: { perIdentity: { requestsPerSecond: '${RATE}', concurrent: 64 } },
  })
  const text = JSON.stringify(shown)
  for (const value of Object.values(env)) t.notOk(text.includes(value), value.slice(0, 12))
  t.notMatch(text, /BEGIN/)
})

t.test(
  'redacted: wherever a file’s text came from the environment, the reference is shown',
  async (t) => {
    // Every text of the file that is no choice among a few becomes a reference, one at a time.
    let config = changed('regions: [eu-west-1]', 'regions: [eu-west-1], tls: { ca: ca.pem }')
    config = changed(
      'issuer:\n',
      '  denyList: deny.txt\n  trustBundles: { partner.org: { file: partner.pem } }\nissuer:\n',
      config,
    )
    const texts = [
      ['listen', 'file:./gw.pem'],
      ['identity', 'bundle.pem'],
      ['identity', 'deny.txt'],
      ['identity', 'partner.pem'],
      ['issuer', 'https://oidc.example.org'],
      ['issuer', './issuer-keys'],
      ['policy', '"file:authz.tar.gz"'],
      ['policy', 'bundle.pub'],
      ['bindings', '"spiffe://example.org/agent/acme/*/*"'],
      ['routes', '"https://s3.{region}.amazonaws.com"'],
      ['routes', 'ca.pem'],
      ['audit', './audit'],
      ['audit', 'audit.key'],
    ] as const
    for (const [section, text] of texts) {
      const loaded = await loadRight(changed(text, '"${X}"', config), {
        X: text.replaceAll('"', ''),
      })
      const shown = JSON.stringify(Object(redactConfig(loaded))[section])
      t.ok(shown.includes('${X}'), `${text}: ${shown}`)
    }
  },
)

t.test('a variable gives a number or a switch where the field wants one', async (t) => {
  const limited = (text: string) => changed(END, `${END}limits: { maxHeaderLines: ${text} }\n`)
  const lines = async (text: string, value: string) => {
    const loaded = await load(limited(text), { env: { X: value } })
    return loaded.ok ? loaded.value.config.limits.maxHeaderLines : loaded.error[0]?.message
  }
  const expected = 'expected a whole number from 16 to 1000, got'
  t.equal(await lines('"${X}"', '50'), 50)
  t.equal(await lines("'${X}'", '1000'), 1000)
  t.equal(await lines('"${X}"', '1001'), `${expected} 1001`, 'the bounds hold')
  t.equal(await lines('"${X}"', '050'), `${expected} "050"`, 'not in every spelling')
  t.equal(await lines('"${X}"', '5e1'), `${expected} "5e1"`)
  t.equal(await lines('"${X}0"', '5'), `${expected} "50"`, 'one whole reference only')
  t.equal(await lines('"50"', ''), `${expected} "50"`, 'and no text of the file itself')

  const block = changed(END, `${END}egress:\n  allowPrivate: \${X}\n`)
  t.equal((await loadRight(block, { X: 'true' })).config.egress.allowPrivate, true)
  const named = changed('credentials: [s3]', 'credentials: ["${X}"]')
  t.match(await load(named, { env: { X: '7' } }), {
    ok: false,
    error: [{}, { message: 'there is no credential `7`' }],
  })
})

t.test('a reload names the changed fields that take a restart, and only those', async (t) => {
  const before = (await loadRight()).parsed
  const changesOf = async (from: string, to: string) =>
    changesNeedingRestart(before, (await loadRight(changed(from, to))).parsed)

  t.strictSame(changesNeedingRestart(before, before), [])
  t.strictSame(await changesOf('127.0.0.1:8443', '127.0.0.1:8444'), ['listen.data.address'])
  t.strictSame(await changesOf('identity:\n', '  admin: { socket: admin.sock }\nidentity:\n'), [
    'listen.admin',
  ])
  t.strictSame(await changesOf('https://oidc.example.org', 'https://id.example.org'), [
    'issuer.url',
  ])
  t.strictSame(await changesOf('dir: ./audit', 'dir: ./records'), ['audit.sinks'])
  t.strictSame(
    await changesOf(END, `${END}limits: { maxHeaderLines: 50, perIdentity: { concurrent: 5 } }\n`),
    ['limits.maxHeaderLines'],
  )

  const hot: readonly (readonly [string, string])[] = [
    ['hostnames: [gw.example.org]', 'hostnames: [gw.example.org, s3-gw.example.org]'],
    ['agents-{role}', 'agent-{role}'],
    [END, `${END}state: { kind: memory, jobKeys: { dir: ./job-keys } }\n`],
    ['agent/acme/*/*', 'agent/acme/*/writer'],
    ['regions: [eu-west-1]', 'regions: [eu-west-1, eu-west-2]'],
    ['trustBundle: bundle.pem', 'trustBundle: partner.pem'],
    [END, `${END}telemetry: { log: { level: warn } }\n`],
  ]
  for (const [from, to] of hot) t.strictSame(await changesOf(from, to), [], to)
})

t.test('no text whatever makes the loader throw', async (t) => {
  const lines = RIGHT_CONFIG.split('\n')
  const piece = fc.oneof(
    fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ': ',
      '- ',
      '&a ',
      '*a',
      '!!set ',
      '? ',
      '|',
      '>',
      '"',
      "'",
      '\t',
      '%',
      '@',
      '`',
      '${',
      '\n---\n',
      '\n',
      '  ',
      '0x',
      '.inf',
      '~',
      '-----BEGIN',
      'null',
      '__proto__: 1\n',
      '<<: *a\n',
      '\u0000',
      '\ud800',
    ),
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.constantFrom(...lines),
  )
  const mutation = fc.record({
    at: fc.nat(RIGHT_CONFIG.length),
    remove: fc.nat(40),
    insert: piece,
  })
  const text = fc.oneof(
    fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join('')),
    fc
      .array(mutation, { minLength: 1, maxLength: 3 })
      .map((mutations) =>
        mutations.reduce(
          (config, { at, remove, insert }) =>
            config.slice(0, at) + insert + config.slice(at + remove),
          RIGHT_CONFIG,
        ),
      ),
  )
  await fc.assert(
    fc.asyncProperty(text, async (config) => {
      const loaded = await load(config)
      if (loaded.ok) return
      if (loaded.error.length === 0) throw new Error('refused without a reason')
      for (const { line, column, message, hint } of loaded.error) {
        if (line < 1 || column < 1 || message === '' || hint === '') throw new Error('no place')
      }
    }),
    { numRuns: 250 },
  )
  t.pass()
})
