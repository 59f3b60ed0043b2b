// The table of rules must not be able to look better than the tests behind it.

import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { ruleIdOf } from '../../../scripts/conformance/table.ts'

const FILE = 'test/conformance/svid.test.ts'

interface Given {
  readonly tests: readonly (readonly [string, boolean])[]
  readonly faults?: readonly string[]
  readonly catalogue?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly args?: readonly string[]
}

function conformance(t: Test, { tests, faults = [], catalogue = {}, args = [] }: Given) {
  const dir = t.testdir()
  const results = join(dir, 'results.json')
  const rules = join(dir, 'catalogue.json')
  const files = [
    { file: FILE, faults, tests: tests.map(([title, ok]) => ({ title, ok })) },
    { file: 'test/unit/other.test.ts', faults: [], tests: [{ title: 'XV-9 other', ok: false }] },
  ]
  writeFileSync(results, JSON.stringify({ files }))
  writeFileSync(rules, JSON.stringify(catalogue))
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['dist/scripts/conformance.js', '--catalogue', rules, ...args, results],
    { encoding: 'utf8' },
  )
  return { status, stdout, stderr }
}

t.test('a title begins with the id of its rule', async (t) => {
  const cases: readonly [string, string | undefined][] = [
    ['XV-1 accepts a plain leaf', 'XV-1'],
    ['XV+b6/rsaMd5 refuses signed with rsaMd5', 'XV+b6'],
    ['JV-22/no-kid accepts', 'JV-22'],
    ['SQL-PIPE: reads/pipe', 'SQL-PIPE'],
    ['SIGV4-SUITE: get-vanilla', 'SIGV4-SUITE'],
    ['row ids are unique', undefined],
    ['S3: no rule', undefined],
    ['Two-faced titles are none', undefined],
  ]
  for (const [title, id] of cases) t.equal(ruleIdOf(title), id, title)
})

t.test('each rule is listed with its counts', async (t) => {
  const { status, stdout } = conformance(t, {
    tests: [
      ['XV-1 accepts a', true],
      ['XV-1/b accepts b', true],
      ['row ids are unique', true],
    ],
    catalogue: { [FILE]: { 'XV-1': 'a plain SVID' } },
  })
  t.equal(status, 0)
  t.match(stdout, /^ {2}pass {2}XV-1 +2 passed, 0 failed {2}a plain SVID$/m)
  t.match(stdout, /^1 rules held, 0 not$/m)
})

t.test('a failed row, a rule without rows and a broken suite are named and fail', async (t) => {
  const cases: readonly [string, Given, RegExp][] = [
    [
      'failed row',
      {
        tests: [
          ['XV-1 a', true],
          ['XV-1/b b', false],
        ],
      },
      /FAIL {2}XV-1 +1 passed, 1 failed/,
    ],
    [
      'no row',
      { tests: [['XV-1 a', true]], catalogue: { [FILE]: { 'XV-1': '', 'XV-2': '' } } },
      /NONE {2}XV-2/,
    ],
    [
      'no suite',
      { tests: [['XV-1 a', true]], catalogue: { 'test/conformance/gone.test.ts': { 'XV-2': '' } } },
      /NONE {2}XV-2/,
    ],
    ['fault', { tests: [['XV-1 a', true]], faults: ['ended early'] }, /1 faults of the suite/],
    ['row without id', { tests: [['unique', false]] }, /1 faults of the suite/],
  ]
  for (const [name, given, shown] of cases) {
    for (const args of [[], ['--brief']]) {
      const { status, stdout } = conformance(t, { ...given, args })
      t.equal(status, 1, name)
      t.match(stdout, shown, name)
    }
  }
})

t.test('results of something else are no results', async (t) => {
  const { status, stderr } = conformance(t, {
    tests: [],
    args: ['--catalogue', 'package.json', 'x'],
  })
  t.equal(status, 2)
  t.match(stderr, /usage:/)
})
