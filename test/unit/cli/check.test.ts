// `check`: one line a problem that editors can follow, a hint, and exit codes that scripts can trust.

import { PassThrough } from 'node:stream'
import t from 'tap'
import { checkConfig, type BundleProblem } from '../../../gateway/cli/check.ts'
import type { StartProblem } from '../../../gateway/compose/problem.ts'
import { changed, CONFIG_PATH, load, RIGHT_CONFIG } from '../../support/config-fixture.ts'

async function run(
  config: string,
  json: boolean,
  bundles: readonly BundleProblem[] = [],
  files: readonly StartProblem[] = [],
) {
  const printed = { out: '', err: '' }
  let checked = 0
  const check = checkConfig({
    load: () => load(config),
    checkFiles: async () => files,
    checkBundles: async () => {
      checked += 1
      return bundles
    },
  })
  const exitCode = await check(
    { config: CONFIG_PATH, json },
    {
      out: (text) => (printed.out += text),
      err: (text) => (printed.err += text),
      stdin: new PassThrough(),
      isTerminal: false,
      env: {},
    },
  )
  return { ...printed, exitCode, checked }
}

const BROKEN = changed('version: 1', 'version: 2')
const UNSIGNED = changed('keys: { main: bundle.pub }', 'required: false')
const BUNDLE: BundleProblem = { bundle: 'authz', message: 'no manifest', hint: 'Build it again.' }

t.test('right: one line, exit 0, bundles looked at', async (t) => {
  t.strictSame(await run(RIGHT_CONFIG, false), {
    out: `${CONFIG_PATH}: ok\n`,
    err: '',
    exitCode: 0,
    checked: 1,
  })
})

t.test('right with a warning: told on stderr, exit 0', async (t) => {
  const { out, err, exitCode } = await run(UNSIGNED, false)
  t.equal(out, `${CONFIG_PATH}: ok, 1 warning\n`)
  t.equal(
    err,
    `${CONFIG_PATH}:19:29: warning: policy.verification.required: a bundle without a signature is accepted\n` +
      '  hint: Whoever can write the bundle decides who may do what.\n',
  )
  t.equal(exitCode, 0)
})

t.test('wrong: place, message and hint on stderr, nothing on stdout, exit 2', async (t) => {
  t.strictSame(await run(BROKEN, false), {
    out: '',
    err: `${CONFIG_PATH}:1:10: version: expected 1, got 2\n  hint: The version of this format.\n`,
    exitCode: 2,
    checked: 0,
  })
})

t.test('right configuration, wrong bundle: exit 1', async (t) => {
  const { out, err, exitCode } = await run(RIGHT_CONFIG, false, [BUNDLE])
  t.equal(out, '')
  t.equal(err, `${CONFIG_PATH}: bundle authz: no manifest\n  hint: Build it again.\n`)
  t.equal(exitCode, 1)
})

t.test('right configuration, wrong file: exit 2, whatever the bundle is', async (t) => {
  const file = { message: 'bundle.pem: it holds no certificate', hint: 'Give one.' }
  const { out, err, exitCode } = await run(RIGHT_CONFIG, false, [BUNDLE], [file])
  t.equal(out, '')
  t.match(err, `${CONFIG_PATH}: bundle.pem: it holds no certificate\n  hint: Give one.\n`)
  t.match(err, 'bundle authz')
  t.equal(exitCode, 2)
})

t.test('--json: one document on stdout, same exit codes', async (t) => {
  const right = await run(RIGHT_CONFIG, true)
  t.strictSame(JSON.parse(right.out), {
    ok: true,
    file: CONFIG_PATH,
    problems: [],
    files: [],
    bundles: [],
  })
  t.equal(right.exitCode, 0)

  const broken = await run(BROKEN, true)
  t.strictSame(JSON.parse(broken.out), {
    ok: false,
    file: CONFIG_PATH,
    problems: [
      {
        severity: 'error',
        file: CONFIG_PATH,
        line: 1,
        column: 10,
        path: 'version',
        message: 'expected 1, got 2',
        hint: 'The version of this format.',
      },
    ],
    files: [],
    bundles: [],
  })
  t.equal(broken.err, '')
  t.equal(broken.exitCode, 2)

  const bundle = await run(RIGHT_CONFIG, true, [BUNDLE])
  t.strictSame(JSON.parse(bundle.out).bundles, [BUNDLE])
  t.equal(bundle.exitCode, 1)
})
