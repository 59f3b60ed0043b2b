import { Readable } from 'node:stream'
import { join } from 'node:path'
import t from 'tap'
import { bundleInspect } from '../../../gateway/cli/bundle-inspect.ts'
import { CliError, type CliIo } from '../../../gateway/cli/command.ts'
import { policyEval } from '../../../gateway/cli/policy-eval.ts'
import { REPOSITORY } from '../../support/policy.ts'

const hostile = join(REPOSITORY, 'test/fixtures/bundles/hostile.tar.gz')
const authz = join(REPOSITORY, 'bundles/authz.tar.gz')

function terminal(stdin: Iterable<string | Buffer> = []): { io: CliIo; printed: string[] } {
  const printed: string[] = []
  const io: CliIo = {
    out: (text) => printed.push(text),
    err: (text) => printed.push(`stderr: ${text}`),
    stdin: Readable.from(stdin),
    isTerminal: false,
    env: {},
  }
  return { io, printed }
}

async function evaluated(
  rule: string,
  lines: Iterable<string | Buffer>,
): Promise<readonly string[]> {
  const { io, printed } = terminal(lines)
  const code = await policyEval({ bundle: hostile, entrypoint: `hostile/${rule}` }, io)
  if (code !== 0) throw new Error(`exit code ${String(code)}`)
  return printed.join('').split('\n').slice(0, -1)
}

t.test('one answer for each document, in order, digits kept', async (t) => {
  t.same(await evaluated('echo', ['{"a":1.0}\n[12345678901234567890]\n\n"é"']), [
    '{"result":{"a":1.0}}',
    '{"result":[12345678901234567890]}',
    '{"result":"é"}',
  ])
})

t.test('what is no strict JSON never reaches the policy', async (t) => {
  const lines = [
    '{"ready":false,"ready":true}',
    '{"ready":true',
    '\ufeff{"ready":true}',
    '{"ready":true} x',
    '"\\ud800"',
    '['.repeat(129) + ']'.repeat(129),
  ]
  for (const line of lines) {
    const [answer = ''] = await evaluated('is_ready', [`${line}\n`])
    t.match(JSON.parse(answer), { error: /^input: / }, line.slice(0, 30))
  }
  const [bytes = ''] = await evaluated('is_ready', [Buffer.from([0x22, 0xff, 0x22])])
  t.match(JSON.parse(bytes), { error: 'input: not UTF-8' })
  const [deep = ''] = await evaluated('echo', ['['.repeat(128) + ']'.repeat(128)])
  t.match(JSON.parse(deep), { result: [[[[]]]] }, 'a depth of 128 is read')
})

t.test('a failing evaluation is an error line, and the next one goes on', async (t) => {
  const answers = await evaluated('conflict', ['{"a":true,"b":true}\n{}\n{"a":true}\n'])
  t.match(JSON.parse(answers[0] ?? ''), { error: /^threw: .*conflict/ })
  t.match(JSON.parse(answers[1] ?? ''), { error: /^undefined: / })
  t.equal(answers[2], '{"result":1}')
})

t.test("the document's own instant is the clock", async (t) => {
  const document = '{"now":{"ns":1795456800123456789}}'
  t.same(await evaluated('now', [document]), ['{"result":1795456800123456789}'])
  const [answer = ''] = await evaluated('now', ['{}'])
  t.match(answer, /^\{"result":[0-9]{16,}\}$/)
})

t.test('ten thousand documents stream through', async (t) => {
  const lines = Array.from({ length: 10_000 }, (_, index) => `${String(index)}\n`)
  const answers = await evaluated('echo', lines)
  t.equal(answers.length, 10_000)
  t.equal(answers[9_999], '{"result":9999}')
})

t.test('what cannot start is a usage error that says how to mend it', async (t) => {
  const { io } = terminal()
  const wrong: readonly (readonly [bundle: string, entrypoint: string, says: RegExp])[] = [
    ['/nowhere.tar.gz', 'a/b', /nowhere/],
    [hostile, 'a/b', /no entrypoint a\/b; the bundle has hostile/],
    [join(REPOSITORY, 'package.json'), 'a/b', /gzip/],
    [join(REPOSITORY, 'test/fixtures/bundles/network.tar.gz'), 'network/allow', /http\.send/],
  ]
  for (const [bundle, entrypoint, says] of wrong) {
    await t.rejects(policyEval({ bundle, entrypoint }, io), { exitCode: 2, message: says })
  }
  const long = terminal(['x'.repeat(9 * 1024 * 1024)])
  await t.rejects(policyEval({ bundle: hostile, entrypoint: 'hostile/echo' }, long.io), CliError)
})

t.test('inspect shows what a bundle holds', async (t) => {
  const shown = terminal()
  t.equal(await bundleInspect({ file: authz, json: true }, shown.io), 0)
  t.match(JSON.parse(shown.printed.join('')), {
    revision: /^[0-9a-f]{16}$/,
    roots: [''],
    entrypoints: ['svidgate/authz/decision', 'svidgate/authz/explain'],
    signed: false,
    builtins: [],
  })
  const text = terminal()
  await bundleInspect({ file: join(REPOSITORY, 'bundles/hexr.tar.gz'), json: false }, text.io)
  t.match(text.printed.join(''), /entrypoint +hexr\/authz\/allow\n[^]*built-in +time\.clock\n/)
})

t.test('inspect names built-ins that are not available, and signatures', async (t) => {
  const network = terminal()
  const file = join(REPOSITORY, 'test/fixtures/bundles/network.tar.gz')
  t.equal(await bundleInspect({ file, json: false }, network.io), 1)
  t.match(network.printed.join(''), /http\.send \(not available\)/)
  const signed = terminal()
  const signedFile = join(REPOSITORY, 'test/fixtures/bundles/signed-es256.tar.gz')
  t.equal(await bundleInspect({ file: signedFile, json: false }, signed.io), 0)
  t.match(signed.printed.join(''), /signature +present/)
  await t.rejects(bundleInspect({ file: '/nowhere', json: false }, signed.io), CliError)
})
