// A named pipe where a file belongs: opening it would wait for ever for somebody who writes to it.

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import t from 'tap'
import { nodeFiles } from '../../gateway/config/files/node-files.ts'

t.test('a named pipe is refused without waiting for its writer', async (t) => {
  const path = join(t.testdir(), 'pipe')
  execFileSync('mkfifo', [path])
  t.strictSame(await nodeFiles.read(path, 1024), { ok: false, failure: 'not-a-file' })
})
