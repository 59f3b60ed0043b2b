import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'

// Most of the time is waiting for child processes.
t.jobs = 4

const RUNNER = 'dist/scripts/run-tests.js'
const FIXTURES = 'test/support/runner-fixtures'

interface Run {
  readonly code: number
  readonly output: string
  readonly lastLine: string
}

async function run(
  fixtures: readonly string[],
  args: readonly string[] = [],
  ci = false,
): Promise<Run> {
  const files = fixtures.map((name) => join(FIXTURES, name))
  const child = spawn(
    process.execPath,
    [RUNNER, '--grace', '0.4', '--deadline', '20', ...args, ...files],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, CI: ci ? 'true' : '' },
    },
  )
  const ended = once(child, 'exit')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  const [code] = (await ended) as [number | null]
  const lines = stdout.trimEnd().split('\n')
  return { code: code ?? -1, output: stdout + stderr, lastLine: lines.at(-1) ?? '' }
}

t.test('assertions are counted, not files and not subtests', async (t) => {
  const { code, lastLine } = await run(['passes.mjs'])
  t.equal(code, 0)
  t.equal(lastLine, '3 passed, 0 failed')
})

const failing = [
  { file: 'fails.mjs', says: /outer > one is two[\s\S]*fails\.mjs/, last: '1 passed, 1 failed' },
  { file: 'throws.mjs', says: /thrown by the test/, last: '0 passed, 1 failed' },
  { file: 'no-plan.mjs', says: /no plan/, last: '1 passed, 1 failed' },
  { file: 'truncated-plan.mjs', says: /truncated: 3 planned, 2 came/, last: '2 passed, 1 failed' },
  {
    file: 'truncated-subtest.mjs',
    says: /truncated in "inner": 2 planned, 1 came/,
    last: '1 passed, 1 failed',
  },
  { file: 'bails-out.mjs', says: /bailed out: nothing works/, last: '1 passed, 1 failed' },
  { file: 'exit-code.mjs', says: /exit code 3/, last: '1 passed, 1 failed' },
  { file: 'signal.mjs', says: /ended by SIGKILL/, last: '1 passed, 1 failed' },
  { file: 'no-assertion.mjs', says: /no assertion was made/, last: '0 passed, 1 failed' },
  { file: 'silent.mjs', says: /no assertion was made/, last: '0 passed, 1 failed' },
  { file: 'leaks-server.mjs', says: /still alive.*TCPServerWrap/, last: '1 passed, 1 failed' },
  { file: 'leaks-after-plan.mjs', says: /still alive.*Timeout/, last: '1 passed, 1 failed' },
  { file: 'leaves-child.mjs', says: /left a process running/, last: '1 passed, 1 failed' },
  {
    file: 'leaves-child-holding-output.mjs',
    says: /holds its output open/,
    last: '1 passed, 1 failed',
  },
  {
    file: 'prints.mjs',
    says: /what it printed:[\s\S]*said on standard error/,
    last: '0 passed, 1 failed',
  },
]

for (const { file, says, last } of failing) {
  t.test(`${file} fails and says why`, async (t) => {
    const { code, output, lastLine } = await run([file])
    t.equal(code, 1)
    t.match(output, says)
    t.equal(lastLine, last)
  })
}

t.test('a test that waits longer than the grace without a word is no leak', async (t) => {
  const { code, lastLine } = await run(['waits.mjs'])
  t.equal(code, 0)
  t.equal(lastLine, '2 passed, 0 failed')
})

t.test('a file that is not over at its deadline is killed', async (t) => {
  const { code, output } = await run(['hangs.mjs'], ['--deadline', '1.5'])
  t.equal(code, 1)
  t.match(output, /not over after 1.5 s/)
})

for (const file of ['skips.mjs', 'todo.mjs']) {
  t.test(`${file} passes here, with the skip counted, and fails in CI`, async (t) => {
    const here = await run([file])
    t.equal(here.code, 0)
    t.equal(here.lastLine, '1 passed, 0 failed, 1 skipped')
    const inCi = await run([file], [], true)
    t.equal(inCi.code, 1)
    t.equal(inCi.lastLine, '1 passed, 1 failed')
  })
}

t.test('--bail runs nothing more after the first failing file', async (t) => {
  const { code, output } = await run(['fails.mjs', 'passes.mjs'], ['--bail', '--jobs', '1'])
  t.equal(code, 1)
  t.match(output, /1 files were not run/)
  t.notMatch(output, /passes\.mjs/)
})

t.test('--json holds the same counts, file by file', async (t) => {
  const file = join(t.testdir(), 'results.json')
  await run(['fails.mjs', 'passes.mjs'], ['--json', file])
  const results: unknown = JSON.parse(readFileSync(file, 'utf8'))
  t.match(results, {
    passed: 4,
    failed: 1,
    files: [
      { file: `${FIXTURES}/fails.mjs`, passed: 1 },
      { file: `${FIXTURES}/passes.mjs`, passed: 3 },
    ],
  })
})

const misuse = [
  { id: 'an unknown option', args: ['--gerp', 'x'] },
  { id: 'a place that is not there', args: ['test/unti'] },
  { id: 'a directory without tests', args: ['test/support/runner-fixtures'] },
  { id: 'a pattern that matches nothing', args: ['--grep', 'nowhere', `${FIXTURES}/passes.mjs`] },
  { id: 'no place', args: [] },
]

for (const { id, args } of misuse) {
  t.test(`${id} is an error, never a pass`, async (t) => {
    const { code, lastLine } = await run([], args)
    t.equal(code, 2)
    t.equal(lastLine, '0 passed, 1 failed')
  })
}
