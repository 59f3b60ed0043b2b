// `bundle build` as scripts call it: what it asks of OPA, and exit code 3 where there is none.

import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { runCli } from '../support/child.ts'

const REGO = 'policies/lib/subjects.rego'

t.test('without OPA: exit 3, and how to get it', async (t) => {
  const nowhere = join(t.testdir(), 'absent')
  const { code, out, err } = await runCli(
    ['bundle', 'build', '--entrypoint', 'a/b', '--out', join(nowhere, 'b.tar.gz'), REGO],
    { env: { PATH: nowhere, SVIDGATE_TOOLS: nowhere, HOME: nowhere } },
  )
  t.equal(code, 3)
  t.equal(out, '')
  t.match(err, /^no opa was found\n *hint: .*OPA.*\n$/)
})

t.test('entrypoints are named one by one, so files may follow them', async (t) => {
  const dir = t.testdir()
  const log = join(dir, 'asked.txt')
  const opa = join(dir, 'opa')
  // Knows its version, writes down what else it is asked, and fails.
  writeFileSync(
    opa,
    `#!${process.execPath}
import { appendFileSync } from 'node:fs'
const [, , command, ...rest] = process.argv
if (command === 'version') console.log('Version: 1.22.2')
else {
  appendFileSync(${JSON.stringify(log)}, [command, ...rest].join('\\n') + '\\n')
  process.exit(1)
}
`,
  )
  chmodSync(opa, 0o755)
  const out = join(dir, 'b.tar.gz')
  const args = ['--out', out, '--entrypoint', 'a/b', '-e', 'c/d', REGO]
  const { code } = await runCli(['bundle', 'build', ...args], {
    env: { ...process.env, OPA: opa },
  })
  t.not(code, 0)
  const asked = readFileSync(log, 'utf8').split('\n')
  t.equal(asked[0], 'build')
  t.same(
    asked.filter((_, at) => asked[at - 1] === '--entrypoint'),
    ['a/b', 'c/d'],
  )
  t.ok(asked.includes(REGO), 'the file is a file')
})
