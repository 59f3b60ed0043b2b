// `make test NODE=…` with a stand-in for the pinned version: what runs, with which PATH, how it ends.

import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readTools, toolDirectory } from '../../../scripts/tools/specification.ts'

const tool = readTools('scripts/tools.json').find(({ name }) => name === 'node22')

function onNode(
  tools: string,
  ...args: readonly string[]
): { code: number | null; output: string } {
  const run = spawnSync(process.execPath, ['dist/scripts/on-node.js', ...args], {
    encoding: 'utf8',
    env: { ...process.env, SVIDGATE_TOOLS: tools },
  })
  return { code: run.status, output: run.stdout + run.stderr }
}

t.test('the script runs with the pinned version, and so does what it starts by name', async (t) => {
  if (tool === undefined) throw new TypeError('no node22 in scripts/tools.json')
  const tools = t.testdir()
  const file = join(toolDirectory(tools, tool), tool.check.command[0] ?? '')
  mkdirSync(join(file, '..'), { recursive: true })
  const says = `[ "$1" = --version ] && echo v${tool.version} && exit; echo "$@"; command -v node; exit 7`
  writeFileSync(file, `#!/bin/sh\n${says}\n`, { mode: 0o755 })
  t.same(onNode(tools, '22', 'a.js', '--b'), { code: 7, output: `a.js --b\n${file}\n` })
})

t.test('a version that is not pinned is refused with those that are', async (t) => {
  t.match(onNode(t.testdir(), '23', 'a.js'), { code: 2, output: /no Node "23"\n {2}one of 22, 24/ })
})
