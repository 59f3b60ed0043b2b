// What `svidgate demo --keep` prints to play on with BigQuery is run as it is printed: the Python with
// the real google-cloud-bigquery, the Node with the real @google-cloud/bigquery.

import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { startServerProcess } from '../support/server-process.ts'
import { repositoryRoot } from '../support/test-data.ts'
import { toolPath } from '../support/tools.ts'

const run = promisify(execFile)
const DEADLINE_MS = 60_000

/** The indented lines after the line that begins so. */
function snippet(output: string, heading: string): string {
  const after = output.slice(output.indexOf(heading)).split('\n').slice(2)
  const end = after.findIndex((line) => !line.startsWith('  '))
  return after
    .slice(0, end)
    .map((line) => line.slice(2))
    .join('\n')
}

const IMPORTS = `import { readFileSync } from 'node:fs'
import { BigQuery } from '@google-cloud/bigquery'
import { PassThroughClient } from 'google-auth-library'
`

t.test('the snippets of demo --keep run as they are printed', async (t) => {
  const python = toolPath('google-cloud-bigquery', 'bin', 'python')
  const root = repositoryRoot()
  const demo = await startServerProcess({
    command: [process.execPath, join(root, 'dist/gateway/main.js'), 'demo', '--keep'],
    cwd: root,
    env: {},
    isReady: async (output) => output.includes('\nRecords in '),
    deadlineMs: DEADLINE_MS,
  })
  t.teardown(() => demo.stop())
  t.match(demo.output(), 'steps went as expected')
  t.notMatch(demo.output(), 'NOT AS EXPECTED')

  const code = snippet(demo.output(), 'With google-cloud-bigquery for Python')
  t.match(code, /^from google\.auth/)
  const { stdout } = await run(python, ['-c', code], { timeout: DEADLINE_MS })
  t.match(stdout, 'Row((1, 120.5), ')
  t.match(stdout, 'Row((4, 300.0), ')

  // Beside the packages: a module finds them from where it lies.
  const file = join(root, 'dist', `demo-keep-${process.pid}.mjs`)
  t.teardown(() => rm(file, { force: true }))
  await writeFile(file, IMPORTS + snippet(demo.output(), 'As the researcher, with @google-cloud'))
  const node = await run(process.execPath, [file], { timeout: DEADLINE_MS })
  t.match(node.stdout, "{ region: 'north', n: 2 }, { region: 'south', n: 1 }")
})
