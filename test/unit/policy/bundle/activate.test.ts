import t from 'tap'
import { generateKeyPairSync } from 'node:crypto'
import {
  activateBundle,
  type ActivationOptions,
} from '../../../../gateway/policy/bundle/activate.ts'
import { readTarGz } from '../../../../gateway/policy/bundle/tar-archive.ts'
import { makeBundleKey } from '../../../../gateway/policy/bundle/signature.ts'
import { NOW_NS, repositoryFile, UNSIGNED } from '../../../support/policy.ts'
import { tarGz } from '../../../support/tar.ts'

const DECISION = 'svidgate/authz/decision'

const options: ActivationOptions = {
  name: 'authz',
  verification: UNSIGNED,
  entrypoints: [DECISION],
  monotonicMs: () => performance.now(),
}

async function filesOf(path: string): Promise<Map<string, Buffer>> {
  const archive = readTarGz(await repositoryFile(path))
  if (!archive.ok) throw new Error(archive.error)
  return new Map(archive.value)
}

/** The shipped bundle with some files replaced (or removed, by undefined). */
async function changed(changes: Readonly<Record<string, string | undefined>>): Promise<Buffer> {
  const files = await filesOf('bundles/authz.tar.gz')
  for (const [name, content] of Object.entries(changes)) {
    if (content === undefined) files.delete(name)
    else files.set(name, Buffer.from(content))
  }
  return tarGz([...files].map(([name, content]) => ({ name, content })))
}

function refusal(bytes: Buffer, overrides: Partial<ActivationOptions> = {}): string {
  const active = activateBundle(bytes, { ...options, ...overrides })
  return active.ok ? 'activated' : `${active.error.step}: ${active.error.message}`
}

t.test('the shipped bundle becomes the policy in force', async (t) => {
  const active = activateBundle(await repositoryFile('bundles/authz.tar.gz'), options)
  if (!active.ok) throw new Error(active.error.message)
  const { engine, revision, sha256, keyId, p99Ms } = active.value
  t.match(revision, /^[0-9a-f]{16}$/)
  t.match(sha256, /^[0-9a-f]{64}$/)
  t.equal(keyId, undefined)
  t.ok(p99Ms > 0 && p99Ms < 1)
  t.same(engine.bundles, { authz: { revision, sha256 } })
  t.same(engine.entrypoints, [DECISION, 'svidgate/authz/explain'])
})

t.test('a bundle of the older kind with a bare boolean works, its clock included', async (t) => {
  const active = activateBundle(await repositoryFile('bundles/hexr.tar.gz'), {
    ...options,
    entrypoints: ['hexr/authz/allow'],
  })
  if (!active.ok) throw new Error(active.error.message)
  const decide = (role: string, action: string, nowNs: string): unknown => {
    const text = JSON.stringify({ role, service: 'aws_s3', action })
    const result = active.value.engine.evaluate('hexr/authz/allow', { text, nowNs })
    return result.ok ? result.value : result.error
  }
  t.equal(decide('writer', 'PutObject', NOW_NS), true)
  t.equal(decide('writer', 'GetObject', NOW_NS), false)
  t.equal(decide('editor', 'GetObject', NOW_NS), false)
  t.equal(decide('analyst', 'GetObject', '1795428000000000000'), true, 'Monday 10:00')
  t.equal(decide('analyst', 'GetObject', NOW_NS), false, 'Monday 18:00')
  t.equal(decide('analyst', 'GetObject', '1795860000000000000'), false, 'Saturday 10:00')
})

t.test('data that was taken back is gone, because it is not baked in', async (t) => {
  const text = JSON.stringify({
    tenant: 'acme',
    agent: 'data-crew',
    role: 'writer',
    service: 'aws_s3',
    operation: { name: 's3.PutObject', complete: true, pending: [] },
    targets: [{ type: 'object', access: 'write', container: 'reports', path: '2026/x', name: 'n' }],
  })
  const decide = (bytes: Buffer): unknown => {
    const active = activateBundle(bytes, options)
    if (!active.ok) throw new Error(active.error.message)
    return active.value.engine.evaluate(DECISION, { text, nowNs: NOW_NS })
  }
  t.match(decide(await changed({})), { value: { allow: true } })
  t.match(decide(await changed({ 'data.json': '{}' })), { value: { allow: false } })
  t.match(decide(await changed({ 'data.json': undefined })), { value: { allow: false } })
})

t.test('data files land where their folders say, and merge', async (t) => {
  const data = (await filesOf('bundles/authz.tar.gz')).get('data.json')?.toString() ?? ''
  const { grants, terms } = (JSON.parse(data) as { svidgate: { grants: unknown; terms: unknown } })
    .svidgate
  const bytes = await changed({
    'data.json': undefined,
    'svidgate/data.json': JSON.stringify({ grants }),
    'svidgate/terms/data.json': JSON.stringify(terms),
  })
  t.equal(refusal(bytes), 'activated')
  const conflict = await changed({ 'svidgate/data.json': '{"grants":{"acme/data-crew/writer":1}}' })
  t.match(refusal(conflict), /data: svidgate\/grants\/acme\/data-crew\/writer stands in two files/)
})

const MANIFEST = {
  revision: 'r',
  roots: [''],
  wasm: [
    { entrypoint: DECISION, module: '/policy.wasm' },
    { entrypoint: 'svidgate/authz/explain', module: '/policy.wasm' },
  ],
  rego_version: 1,
}

t.test('what is wrong with a bundle refuses it, by step', async (t) => {
  const cases: readonly (readonly [
    id: string,
    changes: Record<string, string | undefined>,
    says: RegExp,
  ])[] = [
    ['no manifest', { '.manifest': undefined }, /manifest: .*no \.manifest/],
    ['manifest not JSON', { '.manifest': '{' }, /manifest: not JSON/],
    ['manifest with a key twice', { '.manifest': '{"roots":[""],"roots":["x"]}' }, /duplicate/],
    ['manifest a list', { '.manifest': '[]' }, /manifest: not an object/],
    ['unknown member', manifest({ plugins: 1 }), /manifest: unknown member "plugins"/],
    ['revision a number', manifest({ revision: 1 }), /revision/],
    ['roots overlap', manifest({ roots: ['a', 'a/b'] }), /roots/],
    ['roots twice', manifest({ roots: ['a', 'a'] }), /roots/],
    ['roots a text', manifest({ roots: 'a' }), /roots/],
    ['no wasm', manifest({ wasm: [] }), /wasm/],
    ...[
      { input: { module: 'x', paths: [] }, more: 1 },
      { input: { module: 'x' } },
      { input: { module: 'x', paths: 'agent' } },
      { input: { module: 'x', paths: [1] } },
      { input: { module: 1, paths: [] } },
      { input: { module: 'x', paths: [], more: 1 } },
      { input: [] },
      [],
    ].map(
      (svidgate) =>
        [
          `metadata ${JSON.stringify(svidgate)}`,
          manifest({ metadata: { svidgate } }),
          /manifest: `metadata\.svidgate` is not what the gateway knows/,
        ] as const,
    ),
    [
      'a statement about another module',
      manifest({ metadata: { svidgate: { input: { module: '0'.repeat(64), paths: [] } } } }),
      /manifest: .*was made for another module/,
    ],
    [
      'two modules',
      manifest({ wasm: [MANIFEST.wasm[0], { entrypoint: 'x/y', module: '/other.wasm' }] }),
      /wasm/,
    ],
    ['entrypoint twice', manifest({ wasm: [MANIFEST.wasm[0], MANIFEST.wasm[0]] }), /wasm/],
    ['entrypoint outside the roots', manifest({ roots: ['other'] }), /outside the roots/],
    [
      'data outside the roots',
      { ...manifest({ roots: ['svidgate/authz'] }) },
      /data: svidgate\/alternatives lies outside/,
    ],
    ['module missing', { 'policy.wasm': undefined }, /module: policy\.wasm is missing/],
    ['module not WebAssembly', { ...manifest({}), 'policy.wasm': 'no' }, /module: not WebAssembly/],
    [
      'manifest names fewer entrypoints',
      manifest({ wasm: [MANIFEST.wasm[0]] }),
      /entrypoints: the manifest lists/,
    ],
    [
      'manifest names others',
      manifest({ wasm: [...MANIFEST.wasm, { entrypoint: 'x/y', module: '/policy.wasm' }] }),
      /entrypoints: the manifest lists/,
    ],
    ['data not JSON', { 'data.json': '{"a":1}x' }, /data: data\.json, character 7/],
    ['data with a key twice', { 'data.json': '{"a":1,"a":2}' }, /duplicate/],
    ['data a list', { 'data.json': '[]' }, /data: data\.json is not an object/],
    [
      'data under the entrypoint',
      { 'data.json': '{"svidgate":{"authz":{"decision":1}}}' },
      /under the entrypoint/,
    ],
    ['optimized', { 'optimized/svidgate/authz.rego': 'package x' }, /module: built with -O1/],
    ['delta', { 'patch.json': '{"data":[]}' }, /archive: delta/],
    ['YAML data', { 'data.yaml': 'a: 1' }, /archive: data\.yaml has no place/],
    ['protobuf manifest', { '.manifest.pb': 'x' }, /archive: \.manifest\.pb has no place/],
    ['a look-alike of the signature', { 'x/.signatures.json': '{}' }, /no place/],
    ['a look-alike of the manifest', { 'x/.manifest': '{}' }, /no place/],
  ]
  for (const [id, changes, says] of cases) t.match(refusal(await changed(changes)), says, id)
})

function manifest(parts: Record<string, unknown>): Record<string, string> {
  return { '.manifest': JSON.stringify({ ...MANIFEST, ...parts }) }
}

t.test('a manifest of our own making is accepted as it should be', async (t) => {
  t.equal(refusal(await changed(manifest({}))), 'activated')
  t.equal(refusal(await changed(manifest({ roots: ['/svidgate/'] }))), 'activated')
  t.equal(refusal(await changed(manifest({ metadata: { theirs: 1 } }))), 'activated')
})

t.test('a missing entrypoint is named with those that are there', async (t) => {
  const bytes = await repositoryFile('bundles/authz.tar.gz')
  t.match(
    refusal(bytes, { entrypoints: [DECISION, 'hexr/authz/allow'] }),
    /no entrypoint hexr\/authz\/allow; .*decision/,
  )
})

t.test('a policy that calls the network is refused before any request', async (t) => {
  const bytes = await repositoryFile('test/fixtures/bundles/network.tar.gz')
  t.match(refusal(bytes, { entrypoints: ['network/allow'] }), /module: .*http\.send, uuid\.rfc4122/)
})

t.test('a policy that is too slow to run beside requests is refused, and soon', async (t) => {
  const bytes = await repositoryFile('test/fixtures/bundles/slow.tar.gz')
  const start = performance.now()
  t.match(refusal(bytes, { entrypoints: ['slow/allow'] }), /timing: an evaluation takes [0-9.]+ ms/)
  t.ok(performance.now() - start < 20_000)
})

t.test('timing is judged by the best round: a busy machine refuses no good policy', async (t) => {
  // Every reading of the clock is 0.1 ms later; in the first three rounds one of ten is 3 ms later.
  let readings = 0
  let now = 0
  const noisy = (): number => {
    readings += 1
    now += readings > 300 && readings < 900 && readings % 10 === 0 ? 3 : 0.1
    return now
  }
  t.equal(
    refusal(await repositoryFile('bundles/authz.tar.gz'), { monotonicMs: noisy }),
    'activated',
  )
  let slow = 0
  const always = (): number => (slow += 1.1)
  t.match(refusal(await repositoryFile('bundles/authz.tar.gz'), { monotonicMs: always }), /timing/)
})

t.test('signatures are demanded where they are required', async (t) => {
  const unsigned = await repositoryFile('bundles/authz.tar.gz')
  const signed = await repositoryFile('test/fixtures/bundles/signed-rs256.tar.gz')
  const pem = (await repositoryFile('test/fixtures/bundles/signed-rs256.pub.pem')).toString()
  const right = new Map([['main', makeBundleKey(pem, 'RS256')]])
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
  const otherPem = other.export({ type: 'spki', format: 'pem' }).toString()
  const wrong = new Map([['main', makeBundleKey(otherPem, 'RS256')]])
  const entrypoints = ['signed/allow']
  const verdict = (bytes: Buffer, required: boolean, keys: typeof right): string =>
    refusal(bytes, { verification: { required, keys }, entrypoints })
  t.match(verdict(unsigned, true, right), /signature: the bundle is not signed/)
  t.match(verdict(unsigned, true, new Map()), /signature: the bundle is not signed/)
  t.match(verdict(signed, true, new Map()), /signature: no configured key/)
  t.match(verdict(signed, true, wrong), /signature: no configured key/)
  t.match(verdict(signed, false, wrong), /signature: no configured key/)
  t.equal(verdict(signed, true, right), 'activated')
  t.equal(verdict(signed, false, new Map()), 'activated')
  const active = activateBundle(signed, {
    ...options,
    entrypoints,
    verification: { required: true, keys: right },
  })
  t.ok(active.ok)
  if (active.ok) {
    t.equal(active.value.keyId, 'main')
    t.same(active.value.engine.evaluate('signed/allow', { text: '{}', nowNs: '0' }), {
      ok: true,
      value: true,
    })
  }
})
