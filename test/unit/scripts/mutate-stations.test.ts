import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t, { type Test } from 'tap'

/** A gateway of one station, and a suite that notices when the station lets everything pass. */
const GUARD = `export function guard(who) {
  if (who !== 'friend') return 'refused'
  return 'passed'
}
export function log(who) {
  return 'seen ' + who
}
`
const TEST = `import { guard } from '../../gateway/guard.js'
const ok = guard('friend') === 'passed' && guard('foe') === 'refused'
process.stdout.write((ok ? 'ok' : 'not ok') + ' 1 - a foe is refused\\n1..1\\n')
`
const RED_TEST = `process.stdout.write('not ok 1 - always red\\n1..1\\n')\n`

interface Run {
  readonly code: number
  readonly output: string
}

const sound = {
  station: 'guard',
  without: 'refuses',
  file: 'gateway/guard.ts',
  find: `who !== 'friend'`,
  replace: 'false',
}

function mutate(
  root: string,
  stations: readonly string[],
  mutations: readonly object[],
  args: readonly string[] = [],
): Run {
  const file = join(root, 'mutations.mjs')
  writeFileSync(
    file,
    `export const STATIONS = ${JSON.stringify(stations)}\nexport const MUTATIONS = ${JSON.stringify(mutations)}\n`,
  )
  const script = resolve('dist/scripts/mutate-stations.js')
  const run = spawnSync(process.execPath, [script, '--mutations', file, ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, TMPDIR: join(root, 'tmp') },
  })
  return { code: run.status ?? -1, output: run.stdout + run.stderr }
}

function project(t: Test, extra: Record<string, string> = {}): string {
  const tests: Record<string, string> = { 'guard.test.ts': '' }
  const compiled: Record<string, string> = { 'guard.test.js': TEST }
  for (const [name, text] of Object.entries(extra)) {
    tests[`${name}.test.ts`] = ''
    compiled[`${name}.test.js`] = text
  }
  return t.testdir({
    'package.json': '{ "type": "module" }',
    dist: { gateway: { 'guard.js': GUARD }, test: { unit: compiled } },
    test: { unit: tests },
    tmp: {},
  })
}

t.test('a caught mutation is named with the test that caught it', async (t) => {
  const root = project(t)
  const { code, output } = mutate(root, ['guard'], [sound])
  t.equal(code, 0)
  t.match(output, /caught +guard: refuses\n +by test\/unit\/guard\.test\.ts: a foe is refused\n/)
  t.match(output, /\n1 passed, 0 failed\n$/)
})

t.test('the tree itself is never changed, and no copy is left', async (t) => {
  const root = project(t)
  mutate(root, ['guard'], [sound])
  t.equal(readFileSync(join(root, 'dist/gateway/guard.js'), 'utf8'), GUARD)
  t.same(readdirSync(join(root, 'tmp')), [])
})

t.test('one mutation does not reach into the next', async (t) => {
  const quiet = { ...sound, without: 'logs', find: `'seen '`, replace: `''` }
  const { code, output } = mutate(project(t), ['guard'], [sound, quiet, sound, quiet])
  t.equal(code, 1)
  t.match(output, /\n2 passed, 2 failed\n$/)
})

const FAILING = [
  {
    id: 'a mutation that no test notices',
    mutation: { ...sound, find: `'seen '`, replace: `''` },
    says: /SURVIVED +guard: refuses/,
  },
  {
    id: 'a text that is not there',
    mutation: { ...sound, find: 'who === null' },
    says: /INVALID[\s\S]*expected who === null exactly once, found it 0 times/,
  },
  {
    id: 'a text that is there twice',
    mutation: { ...sound, find: 'export function' },
    says: /INVALID[\s\S]*found it 2 times/,
  },
  {
    id: 'a mutation that changes nothing',
    mutation: { ...sound, replace: sound.find },
    says: /INVALID[\s\S]*changes nothing/,
  },
  {
    id: 'a file that is not there',
    mutation: { ...sound, file: 'gateway/gone.ts' },
    says: /INVALID[\s\S]*gateway\/gone\.ts: no such file/,
  },
  {
    id: 'a mutated file that does not load',
    mutation: {
      station: 'guard',
      without: 'loads',
      file: sound.file,
      module: 'import "./gone.js"',
    },
    says: /INVALID[\s\S]*does not load when mutated/,
  },
]

for (const { id, mutation, says } of FAILING) {
  t.test(`${id} is a failure`, async (t) => {
    const { code, output } = mutate(project(t), ['guard'], [mutation])
    t.equal(code, 1)
    t.match(output, says)
    t.match(output, /\n0 passed, 1 failed\n$/)
  })
}

t.test('a test that is red without the mutation proves nothing', async (t) => {
  const { code, output } = mutate(project(t, { 'a-red': RED_TEST }), ['guard'], [sound])
  t.equal(code, 1)
  t.match(output, /INVALID[\s\S]*a-red\.test\.ts fails without the mutation too/)
})

t.test('a whole module can stand in for a station', async (t) => {
  const module = `export const guard = () => 'passed'\nexport const log = () => ''\n`
  const { code } = mutate(
    project(t),
    ['guard'],
    [{ station: 'guard', without: 'refuses', file: sound.file, module }],
  )
  t.equal(code, 0)
})

t.test('a station without a mutation is a failure', async (t) => {
  const { code, output } = mutate(project(t), ['guard', 'signing'], [sound])
  t.equal(code, 1)
  t.match(output, /FORGOTTEN signing/)
})

t.test('what was not tried in the time given is said', async (t) => {
  const { code, output } = mutate(project(t), ['guard'], [sound], ['--seconds', '0'])
  t.equal(code, 0)
  t.match(output, /not tried within 0 s: guard: refuses/)
})
