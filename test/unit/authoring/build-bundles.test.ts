// What `make bundles` says where there is no OPA. With one: test/real/opa.test.ts.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { REPOSITORY } from '../../support/policy.ts'

function build(env: Readonly<Record<string, string>>): { status: number | null; text: string } {
  const script = join(REPOSITORY, 'dist/scripts/build-bundles.js')
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], {
    env,
    encoding: 'utf8',
  })
  return { status, text: stdout + stderr }
}

t.test('without OPA the rebuild is skipped, and in CI that is a failure', (t) => {
  const bare = { PATH: '', SVIDGATE_TOOLS: t.testdir(), HOME: t.testdirName }
  const local = build(bare)
  t.match(local.text, /^SKIPPED: bundle rebuild$/m)
  t.equal(local.status, 0)
  const ci = build({ ...bare, CI: 'true' })
  t.match(ci.text, /^SKIPPED: bundle rebuild$/m)
  t.equal(ci.status, 1)
  t.end()
})

t.test('an OPA that was named and is not there is a mistake, not a reason to skip', (t) => {
  const wrong = build({ PATH: '', OPA: '/nowhere/opa', HOME: '/nowhere' })
  t.match(wrong.text, /OPA=\/nowhere\/opa cannot be run/)
  t.equal(wrong.status, 1)
  t.end()
})
