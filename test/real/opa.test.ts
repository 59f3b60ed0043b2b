// Against OPA itself (made by `make tools`): what is committed is what OPA builds, and our engine
// decides as OPA does. Run by `make test-real` only.

import { execFile } from 'node:child_process'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { buildBundle } from '../../gateway/authoring/bundle-build.ts'
import { findOpa, type Opa, OPA_VERSION, runOpa } from '../../gateway/authoring/opa.ts'
import { bundleBuild } from '../../gateway/cli/bundle-build.ts'
import { openBundle } from '../../gateway/policy/bundle/activate.ts'
import { readBundle } from '../../gateway/policy/bundle/bundle.ts'
import { makeBundleKey, type SignatureAlgorithm } from '../../gateway/policy/bundle/signature.ts'
import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseStrictJson,
  writeJson,
} from '../../gateway/util/json.ts'
import { engineOf, NOW_NS, REPOSITORY, repositoryFile, UNSIGNED } from '../support/policy.ts'
import { type Random, randomInput, randomSqlInput, seeded } from '../support/random-input.ts'

const run = promisify(execFile)

async function opaOf(): Promise<Opa> {
  const opa = await findOpa(process.env, OPA_VERSION)
  if (opa === undefined) throw new Error(`OPA ${OPA_VERSION} is needed: make tools`)
  return opa
}

async function opaText(args: readonly string[], cwd = REPOSITORY): Promise<string> {
  const printed = await runOpa(await opaOf(), args, { cwd })
  if (!printed.ok) throw new Error(printed.error.message)
  return printed.value
}

function strict(text: string): JsonValue {
  const parsed = parseStrictJson(text, { maxDepth: 128 })
  if (!parsed.ok) throw new Error(`${parsed.error.reason} at ${String(parsed.error.offset)}`)
  return parsed.value
}

/** Sets have no order, so lists are compared sorted; members of objects too. Digits are kept. */
function unordered(value: JsonValue | undefined): string {
  if (value === undefined) return 'undefined'
  if (isJsonArray(value)) return `[${value.map(unordered).sort().join(',')}]`
  if (isJsonObject(value)) {
    const members = [...value].map(([key, item]) => `${JSON.stringify(key)}:${unordered(item)}`)
    return `{${members.sort().join(',')}}`
  }
  return writeJson(value)
}

/**
 * What OPA answers for every input in one run: `[data.entrypoint with input as …]` for each element
 * of a file, so that a thousand inputs cost one process.
 */
async function opaAnswers(
  folder: string,
  files: readonly string[],
  entrypoint: string,
  inputs: readonly string[],
  flags: readonly string[] = [],
): Promise<readonly (JsonValue | undefined)[]> {
  const path = join(folder, `inputs-${entrypoint.replaceAll('/', '-')}.json`)
  await writeFile(path, `{"batch":[${inputs.join(',')}]}`)
  const rule = `data.${entrypoint.replaceAll('/', '.')}`
  const query = `{i: r | some i; d := data.batch[i]; r := ${rule} with input as d with time.now_ns as ${NOW_NS}}`
  const data = [...files, path].flatMap((file) => ['--data', file])
  const printed = strict(await opaText(['eval', ...flags, '--format=raw', ...data, query]))
  if (!isJsonObject(printed)) throw new Error('opa printed no object')
  return inputs.map((_, index) => printed.get(String(index)))
}

async function sameDecisions(
  t: Test,
  bundle: string,
  entrypoint: string,
  inputs: readonly string[],
  expected: readonly (JsonValue | undefined)[],
): Promise<ReadonlyMap<string, number>> {
  const engine = await engineOf(bundle)
  const seen = new Map<string, number>()
  for (const [index, text] of inputs.entries()) {
    const result = engine.evaluateText(entrypoint, { text, nowNs: NOW_NS })
    const ours = result.ok ? strict(result.value) : undefined
    if (!result.ok && result.error.kind !== 'undefined') t.fail(`${text}: ${result.error.detail}`)
    const answer = unordered(ours)
    if (answer !== unordered(expected[index])) {
      t.equal(answer, unordered(expected[index]), text)
    }
    const verdict = isJsonObject(ours) ? unordered(ours.get('allow')) : answer
    seen.set(verdict, (seen.get(verdict) ?? 0) + 1)
  }
  return seen
}

const REGO_FILES = [
  'policies/authz/authz.rego',
  'policies/lib/grants.rego',
  'policies/lib/objects.rego',
  'policies/lib/sql.rego',
  'policies/lib/subjects.rego',
]
const AUTHZ_FILES = [...REGO_FILES, 'svidgate:policies/svidgate/data.json']

t.test('committed bundles, data and capabilities are what their sources make', async (t) => {
  const { stdout } = await run(
    process.execPath,
    [join(REPOSITORY, 'dist/scripts/build-bundles.js')],
    { env: { ...process.env, CI: 'true' } },
  )
  t.notMatch(stdout, /SKIPPED/)
  t.match(stdout, /bundles\/authz\.tar\.gz: up to date/)
  t.match(stdout, /bundles\/hexr\.tar\.gz: up to date/)
})

t.test('the policies pass their own tests, checks and format', async (t) => {
  const ignored = ['--ignore=hexr', '--ignore=*.yaml', '--ignore=capabilities.json']
  t.match(await opaText(['test', ...ignored, 'policies']), /PASS: (\d+)\/\1\s*$/)
  t.match(
    await opaText(['test', '--v0-compatible', 'policies/examples/hexr']),
    /PASS: (\d+)\/\1\s*$/,
  )
  await opaText([
    'check',
    '--strict',
    '--schema=policies/schemas',
    'policies/lib',
    '--ignore=*.yaml',
    'policies/authz',
  ])
  t.equal(await opaText(['fmt', '--list', 'policies/lib', 'policies/authz']), '')
  t.equal(await opaText(['fmt', '--list', '--v0-compatible', 'policies/examples']), '')
})

t.test('a misspelt input path is found by the schema', async (t) => {
  const folder = t.testdir()
  const source = (await repositoryFile('policies/authz/authz.rego')).toString()
  const typo = source.replace('input.operation.complete', 'input.operation.compleet')
  t.not(typo, source)
  await writeFile(join(folder, 'authz.rego'), typo)
  const checked = await runOpa(
    await opaOf(),
    ['check', '--strict', '--schema=policies/schemas', 'policies/lib', join(folder, 'authz.rego')],
    { cwd: REPOSITORY },
  )
  t.match(checked, { ok: false, error: { message: /undefined ref: input\.operation\.compleet/ } })
})

t.test('decisions on random inputs are those of OPA', async (t) => {
  const random = seeded(20_261_123)
  const inputs = [randomInput, randomSqlInput].flatMap((make) =>
    Array.from({ length: 2000 }, () => JSON.stringify(make(random))),
  )
  for (const entrypoint of ['svidgate/authz/decision', 'svidgate/authz/explain']) {
    const expected = await opaAnswers(t.testdir(), AUTHZ_FILES, entrypoint, inputs)
    const seen = await sameDecisions(t, 'bundles/authz.tar.gz', entrypoint, inputs, expected)
    t.comment(JSON.stringify([...seen]))
    if (entrypoint.endsWith('decision')) {
      t.ok((seen.get('true') ?? 0) > 50 && (seen.get('false') ?? 0) > 50, 'both verdicts occur')
    }
  }
})

t.test('decisions on random grants are those of OPA', async (t) => {
  const random = seeded(7)
  const folder = t.testdir()
  const grants = randomGrants(random)
  await writeFile(join(folder, 'grants.yaml'), grants)
  const built = await buildBundle(await opaOf(), {
    root: REPOSITORY,
    files: REGO_FILES,
    grants: join(folder, 'grants.yaml'),
    entrypoints: ['svidgate/authz/decision'],
    capabilities: 'policies/capabilities.json',
  })
  if (!built.ok) throw new Error(built.error.message)
  const bundle = readBundle(built.value, UNSIGNED)
  if (!bundle.ok) throw new Error(bundle.error.message)
  await writeFile(join(folder, 'data.json'), bundle.value.dataText)
  await writeFile(join(folder, 'bundle.tar.gz'), built.value)
  const inputs = [randomInput, randomSqlInput].flatMap((make) =>
    Array.from({ length: 2000 }, () => JSON.stringify(make(random))),
  )
  const files = [...REGO_FILES, join(folder, 'data.json')]
  const expected = await opaAnswers(folder, files, 'svidgate/authz/decision', inputs)
  const seen = await sameDecisions(
    t,
    join(folder, 'bundle.tar.gz'),
    'svidgate/authz/decision',
    inputs,
    expected,
  )
  t.comment(JSON.stringify([...seen]))
  t.ok((seen.get('true') ?? 0) > 50 && (seen.get('false') ?? 0) > 50, 'both verdicts occur')
  const reasons = expected.map((decision) => unordered(decision))
  t.ok(
    reasons.some((text) => text.includes('grants_disagree_on_credential')),
    'contradictions occur',
  )
  for (const part of ['"needs":["sql.dry_run"]', '"max_bytes_billed":', 'sql_not_granted']) {
    t.ok(
      reasons.some((text) => text.includes(part)),
      `${part} occurs`,
    )
  }
})

/** Overlapping grants, some of which contradict each other. */
function randomGrants(random: Random): string {
  const grants = Array.from({ length: 40 }, (_, index) => {
    const part = (names: readonly string[]): string => random.pick([...names, '"*"'])
    const subject = `{ tenant: ${part(['acme', 'other'])}, agent: ${part(['data-crew'])}, role: ${part(['writer', 'researcher'])} }`
    const prefix = random.pick(['""', '2026/', '2025/'])
    const credential = random.pick(['', 'credential: aws-data', 'credential: aws-other'])
    const policy = random.pick(['', 'session_policy: generate'])
    const headers = random.pick([
      '',
      'set_headers: { if-match: "1" }',
      'set_headers: { if-match: "2" }',
    ])
    const more = [credential, policy, headers].filter((text) => text !== '')
    return [
      `  - id: grant_${String(index)}`,
      `    subject: ${subject}`,
      '    service: aws_s3',
      `    actions: [${random.pick(['PutObject', 'GetObject', 'PutObject, GetObject'])}]`,
      '    access: [read, write]',
      `    targets: [{ type: object, container: ${random.pick(['reports', 'payroll', '"*"'])}, path_prefix: ${prefix} }]`,
      ...more.map((text) => `    ${text}`),
    ].join('\n')
  })
  const all = [...grants, ...randomSqlGrants(random)]
  return `version: 1\ngrants:\n${all.join('\n')}\n`
}

function randomSqlGrants(random: Random): readonly string[] {
  return Array.from({ length: 20 }, (_, index) => {
    const agent = random.pick(['data-crew', '"*"'])
    const role = random.pick(['researcher', 'researcher', 'writer', '"*"'])
    const dataset = random.pick(['acme-data.sales', 'acme-data.hr', '"*"'])
    const targets = [
      '{ type: query, container: acme-data, path_prefix: "" }',
      `{ type: ${random.pick(['table', 'table', 'routine'])}, container: ${dataset}, path_prefix: "" }`,
      '{ type: job, container: acme-data, path_prefix: "", own: true }',
    ]
    const more = [
      random.pick(['', 'max_bytes_billed: 10GiB', 'max_bytes_billed: 1MiB']),
      random.pick(['', 'features: [wildcard]', 'features: [external, ml]']),
      random.pick(['', 'functions: [ML.PREDICT]', 'functions: [p.d.f]']),
      random.pick(['', 'table_functions: [p.d.f]']),
      random.pick(['', '', 'credential: gcp-data', 'credential: gcp-other']),
    ].filter((text) => text !== '')
    return [
      `  - id: sql_${String(index)}`,
      `    subject: { tenant: acme, agent: ${agent}, role: ${role} }`,
      '    service: gcp_bigquery',
      `    actions: [${random.pick(['jobs.query', 'jobs.query, jobs.get', 'jobs.insert'])}]`,
      `    access: [${random.pick(['read', 'read', 'read, write'])}]`,
      `    targets: [${targets.join(', ')}]`,
      ...more.map((text) => `    ${text}`),
    ].join('\n')
  })
}

t.test('the bundle of the older kind decides as OPA does', async (t) => {
  const random = seeded(42)
  const inputs = Array.from({ length: 500 }, () => JSON.stringify(randomInput(random)))
  const files = ['policies/examples/hexr/authz.rego']
  const flags = ['--v0-compatible']
  const expected = await opaAnswers(t.testdir(), files, 'hexr/authz/allow', inputs, flags)
  const seen = await sameDecisions(t, 'bundles/hexr.tar.gz', 'hexr/authz/allow', inputs, expected)
  t.ok((seen.get('true') ?? 0) > 20 && (seen.get('false') ?? 0) > 20, 'both verdicts occur')
})

t.test('host built-ins: the recorded answers are those of OPA', async (t) => {
  const list = strict((await repositoryFile('test/fixtures/policy/builtin-cases.json')).toString())
  const cases = (isJsonArray(list) ? list : []).filter(isJsonObject)
  const byEntrypoint = new Map<string, JsonObject[]>()
  for (const one of cases) {
    const entrypoint = one.get('entrypoint') as string
    byEntrypoint.set(entrypoint, [...(byEntrypoint.get(entrypoint) ?? []), one])
  }
  const files = ['test/fixtures/policy/hostile.rego', 'test/fixtures/policy/hostile-data.json']
  for (const [entrypoint, group] of byEntrypoint) {
    const inputs = group.map((one) => writeJson(one.get('input') ?? null))
    const answers = await opaAnswers(t.testdir(), files, entrypoint, inputs)
    for (const [index, one] of group.entries()) {
      const expected = one.get('expect')
      t.equal(
        answers[index] === undefined ? undefined : writeJson(answers[index]),
        expected === undefined ? undefined : writeJson(expected),
        one.get('id') as string,
      )
    }
  }
})

t.test('signatures that OPA makes are verified, with every algorithm', async (t) => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const keys = [
    ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const).map(
      (alg) => [alg, rsa] as const,
    ),
    ['ES256', generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey] as const,
    ['ES384', generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).privateKey] as const,
    ['ES512', generateKeyPairSync('ec', { namedCurve: 'secp521r1' }).privateKey] as const,
  ] satisfies readonly (readonly [SignatureAlgorithm, unknown])[]
  const folder = t.testdir({ source: { deeper: {} } })
  const source = join(folder, 'source')
  await writeFile(
    join(source, 'signed.rego'),
    await repositoryFile('test/fixtures/policy/signed.rego'),
  )
  await writeFile(
    join(source, 'data.json'),
    await repositoryFile('test/fixtures/policy/signed-data.json'),
  )
  await mkdir(join(source, 'deeper'), { recursive: true })
  await writeFile(join(source, 'deeper/data.json'), '{"x": 1.50}')
  for (const [algorithm, key] of keys) {
    const pem = join(folder, `${algorithm}.pem`)
    // OPA reads EC keys in SEC 1 form only.
    const type = algorithm.startsWith('ES') ? 'sec1' : 'pkcs1'
    await writeFile(pem, key.export({ type, format: 'pem' }))
    const out = join(folder, `${algorithm}.tar.gz`)
    await opaText([
      'build',
      '--target=wasm',
      '--entrypoint=signed/allow',
      '--bundle',
      source,
      `--signing-key=${pem}`,
      `--signing-alg=${algorithm}`,
      `--output=${out}`,
    ])
    const publicPem = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()
    const verification = {
      required: true,
      keys: new Map([['k', makeBundleKey(publicPem, algorithm)]]),
    }
    const opened = openBundle(await readFile(out), {
      name: 'b',
      verification,
      entrypoints: ['signed/allow'],
    })
    t.ok(opened.ok, algorithm)
    if (opened.ok)
      t.same(opened.value.engine.evaluate('signed/allow', { text: '{}', nowNs: '0' }), {
        ok: true,
        value: true,
      })
  }
})

t.test('bundle build makes the shipped bundle from the authors’ files', async (t) => {
  const out = join(t.testdir(), 'made.tar.gz')
  const printed: string[] = []
  const io = {
    out: (text: string) => printed.push(text),
    err: () => undefined,
    stdin: process.stdin,
    isTerminal: false,
    env: process.env,
  }
  const options = {
    root: REPOSITORY,
    files: REGO_FILES.toReversed(),
    grants: 'policies/authz/grants.yaml',
    entrypoint: ['svidgate/authz/decision', 'svidgate/authz/explain'],
    out,
  }
  t.equal(await bundleBuild(options, io), 0)
  t.match(printed.join(''), /revision [0-9a-f]{16}[^]*svidgate\/authz\/decision/)
  const made = readBundle(await readFile(out), UNSIGNED)
  const shipped = readBundle(await repositoryFile('bundles/authz.tar.gz'), UNSIGNED)
  t.ok(made.ok && shipped.ok)
  if (made.ok && shipped.ok) {
    t.ok(made.value.module.equals(shipped.value.module))
    t.equal(made.value.dataText, shipped.value.dataText)
  }
  t.equal(await bundleBuild({ ...options, revision: '43' }, io), 0)
  t.match(readBundle(await readFile(out), UNSIGNED), { value: { manifest: { revision: '43' } } })
  const network = {
    ...options,
    files: ['test/fixtures/policy/network.rego'],
    entrypoint: ['network/allow'],
  }
  await t.rejects(bundleBuild(network, io), { message: /undefined function http\.send/ })
  await t.rejects(bundleBuild({ ...options, grants: 'nowhere.yaml' }, io), { message: /nowhere/ })
  await t.rejects(bundleBuild({ ...options, files: ['none.rego'] }, io), { message: /none\.rego/ })
})

const OPAQUE = `package opaque

whole if count(input) > 0
chosen if input[data.which] == 1
handed if seen(input)
seen(z) if z.tenant == "a"
replaced if inner with input as input.request
inner if input.method == "GET"
`
const PLAIN = `package plain

allow if {
	some name in ["name", "access"]
	input.operation[name] == "x"
}
allow if { x := input.svid; x.serial == "01" }
allow if data.plain.further
further if not input.request.headers["x-a"]
allow if { every target in input.targets { target.access == "read" } }
`

t.test(
  'a bundle says what its rules refer to, and says nothing where that is anything',
  async (t) => {
    const opa = await opaOf()
    const root = t.testdir({ 'opaque.rego': OPAQUE, 'plain.rego': PLAIN })
    const statementOf = async (file: string, entrypoint: string): Promise<unknown> => {
      const built = await buildBundle(opa, {
        root,
        files: [file],
        entrypoints: [entrypoint],
        capabilities: join(REPOSITORY, 'policies/capabilities.json'),
      })
      if (!built.ok) throw new Error(built.error.message)
      const bundle = readBundle(built.value, UNSIGNED)
      if (!bundle.ok) throw new Error(bundle.error.message)
      return bundle.value.manifest.input?.paths
    }
    for (const rule of ['whole', 'chosen', 'handed', 'replaced']) {
      t.equal(await statementOf('opaque.rego', `opaque/${rule}`), undefined, rule)
    }
    t.same(await statementOf('plain.rego', 'plain/allow'), [
      'operation',
      'request/headers/x-a',
      'svid/serial',
      'targets',
    ])
  },
)
