// The command line as scripts see it: exit codes 0, 1 and 2, one line and a hint on standard error,
// nothing there that belongs to standard output.

import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { runCommandLine } from '../../gateway/cli/program.ts'
import { runCli, type Ended } from '../support/child.ts'
import { HOUR, makeCa, makeLeaf, pem } from '../support/ca.ts'
import { TestIo } from '../support/cli-io.ts'
import { agentId, createScene, type Scene } from '../support/scene.ts'

const USAGE: [args: string, first: RegExp][] = [
  ['nonsense', /unknown command 'nonsense'/],
  ['check', /'-c, --config <file>'/],
  ['check -c /absent.yaml', /^\/absent\.yaml:1:1: /],
  ['serve -c /absent.yaml', /^\/absent\.yaml:1:1: /],
  ['serve -c x --bogus', /--bogus/],
  ['facts --request /absent', /\/absent/],
  ['facts --lines /absent', /\/absent/],
  ['explain -c /absent.yaml --request x --as y', /^\/absent\.yaml/],
  ['bundle inspect /absent', /\/absent/],
  ['policy eval --bundle /absent --entrypoint x', /\/absent/],
  ['svid verify --chain /absent --bundle example.org=/absent', /\/absent/],
  ['audit tail --dir /absent', /\/absent/],
  ['audit verify --dir /absent --key /absent', /\/absent/],
  ['audit tail --dir . --lines many', /whole number/],
  ['doctor', /doctor is not in this version/],
  ['policy test --format junit', /policy test is not in this version/],
  ['federation plan --clouds aws', /federation plan is not in this version/],
  ['freeze spiffe://example.org/x', /freeze is not in this version/],
  ['run -- env', /run is not in this version/],
]

t.test('what is wrong with the call: exit 2, one line, a hint', async (t) => {
  for (const [args, first] of USAGE) {
    const io = new TestIo()
    const code = await runCommandLine(['node', 'svidgate', ...args.split(' ')], io)
    const [line, hint = '', ...rest] = io.stderr.split('\n')
    t.equal(code, 2, args)
    t.match(line, first, args)
    t.match(hint, /^ *hint: ./, `${args}: a hint, not: ${hint}`)
    t.same(rest, [''], `${args}: nothing more`)
    t.equal(io.stdout, '', `${args}: nothing on standard output`)
  }
})

t.test('the process ends with what the command says', async (t) => {
  const wrong = await runCli(['doctor'])
  t.same([wrong.code, wrong.out, wrong.err.split('\n').length], [2, '', 3])
})

t.test('help and version are answers', async (t) => {
  const version = await runCli(['--version'])
  t.match(version, { code: 0, out: /^\d+\.\d+\.\d+\n$/, err: '' })
  const help = await runCli(['--help'])
  t.match(help, { code: 0, err: '' })
  for (const name of ['serve', 'demo', 'check', 'facts', 'explain', 'policy', 'bundle', 'svid']) {
    t.match(help.out, name)
  }
  t.notMatch(help.out, /doctor|freeze/, 'what is not there is not offered')
})

async function scene(t: Test): Promise<Scene> {
  const made = await createScene()
  t.teardown(() => made.close())
  return made
}

function put(dir: string, name: string, text: string): string {
  const path = join(dir, name)
  writeFileSync(path, text)
  return path
}

t.test(
  'check: 0 for a right configuration, 2 with every place for a wrong one, 1 for a bundle',
  async (t) => {
    const { dir, path, configText } = await scene(t)
    const check = (file: string, ...more: string[]): Promise<Ended> =>
      runCli(['check', '-c', file, ...more])
    t.match(await check(path), { code: 0, out: `${path}: ok, ` })
    const json = await check(path, '--json')
    t.match(JSON.parse(json.out), { ok: true, file: path, bundles: [] })

    const wrong = put(
      dir,
      'wrong.yaml',
      configText.replace('region: eu-west-1', 'regoin: eu-west-1'),
    )
    const line = configText.split('\n').findIndex((text) => text.includes('region: eu-west-1')) + 1
    const refused = await check(wrong)
    t.equal(refused.code, 2)
    t.match(refused.err, new RegExp(`^${wrong}:${line}:5: .*regoin`, 'm'))
    t.match(refused.err, /hint: .*region/)
    t.match(JSON.parse((await check(wrong, '--json')).out), { ok: false })

    const none = put(
      dir,
      'none.yaml',
      configText.replace(/file:[^"]*\.tar\.gz/, 'file:./gateway.pem'),
    )
    t.match(await check(none), { code: 1, err: /bundle authz: .*\n +hint: / })
  },
)

t.test('check: what serve could not open is told beforehand, all of it', async (t) => {
  const { dir, path, configText } = await scene(t)
  const check = (file: string): Promise<Ended> => runCli(['check', '-c', file])
  put(dir, 'deny.txt', 'spiffe://example.org/a\nspiffe://not one\n')
  const denying = put(
    dir,
    'denying.yaml',
    configText.replace('identity:', 'identity:\n  denyList: ./deny.txt'),
  )
  t.match(await check(denying), { code: 2, out: '', err: /deny\.txt:2: / })
  t.notOk(existsSync(join(dir, 'state')), 'nothing is made')

  put(dir, 'bundle.pem', 'no certificate')
  mkdirSync(join(dir, 'state/issuer-keys'), { recursive: true })
  put(dir, 'state/audit.pem', 'no key')
  put(dir, 'state/issuer-keys/active.pem', 'no key')
  chmodSync(join(dir, 'state/audit.pem'), 0o644)
  chmodSync(join(dir, 'state/issuer-keys/active.pem'), 0o640)
  const { code, out, err } = await check(path)
  t.same({ code, out }, { code: 2, out: '' })
  t.match(err, /bundle\.pem .*holds no certificate\n +hint: /)
  t.match(err, /state\/issuer-keys\/active\.pem is open to others \(mode 640\)/)
  t.match(err, /state\/audit\.pem is open to others \(mode 644\)\n +hint: run: chmod 600/)
})

t.test('bundle inspect: what a bundle holds', async (t) => {
  const text = await runCli(['bundle', 'inspect', 'bundles/authz.tar.gz'])
  t.match(text, { code: 0, err: '', out: /entrypoint +svidgate\/authz\/decision/ })
  const json = await runCli(['bundle', 'inspect', 'bundles/authz.tar.gz', '--json'])
  t.match(JSON.parse(json.out), {
    entrypoints: ['svidgate/authz/decision', /explain/],
    signed: false,
  })
  t.match(await runCli(['bundle', 'inspect', 'package.json']), { code: 1, err: /not gzip\nhint: / })
})

t.test('policy eval: a line in, a line out', async (t) => {
  const args = ['policy', 'eval', '--bundle', 'bundles/authz.tar.gz', '--entrypoint']
  const stdin = ['{}', 'no JSON', '{"a":1,"a":2}', '{"role":"writer"}', ''].join('\n')
  const { code, out, err } = await runCli([...args, 'svidgate/authz/decision'], { stdin })
  t.match({ code, err }, { code: 0, err: '' })
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object)
  t.match(lines, [
    { result: { allow: false } },
    { error: /input: / },
    { error: /duplicate key/ },
    { result: { allow: false } },
  ])
  t.match(await runCli([...args, 'no/such'], { stdin }), { code: 2, err: /no\/such/ })
})

t.test('svid verify: 0 and the ID, 1 and the rule', async (t) => {
  const dir = t.testdir()
  const now = Date.now()
  const ca = makeCa('ours', { notBefore: now - HOUR, notAfter: now + HOUR })
  const valid = { notBefore: now - HOUR, notAfter: now + HOUR }
  const bundle = `example.org=${put(dir, 'ca.pem', pem(ca))}`
  const good = put(dir, 'good.pem', pem(makeLeaf(ca, agentId('writer'), valid)))
  const old = { ...valid, notAfter: now - 1000 }
  const bad = put(dir, 'bad.pem', pem(makeLeaf(ca, agentId('writer'), old)))
  const verify = async (chain: string, ...more: string[]): Promise<[number | null, object]> => {
    const args = ['svid', 'verify', '--chain', chain, '--bundle', bundle, '--json', ...more]
    const { code, out } = await runCli(args)
    return [code, JSON.parse(out) as object]
  }
  t.same(await verify(good), [0, { ok: true, spiffe_id: agentId('writer') }])
  t.match(await verify(bad), [1, { ok: false, code: 'ERR_SG_SVID_EXPIRED', rule: /^XV/ }])
  const before = new Date(now - 2000).toISOString().replace(/\.\d+/, '')
  t.match(await verify(bad, '--at', before), [0, { ok: true }])
  const inspected = await runCli(['svid', 'inspect', bad, '--json'])
  t.match(JSON.parse(inspected.out), { svid: { ok: true }, certificates: [{ ca: false }] })
})
