// A process that cannot have its ports says which one, and leaves nothing behind.

import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import t from 'tap'
import { runCli } from '../support/child.ts'
import { createScene } from '../support/scene.ts'

t.test('a port that is taken: exit 2, which one, and what to do', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const address = taken.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  for (const listener of ['data', 'health', 'issuer']) {
    const scene = await createScene()
    const pattern = new RegExp(`(${listener}:\\s+(?:\\{ )?address: 127.0.0.1:)0`)
    await writeFile(scene.path, scene.configText.replace(pattern, `$1${port}`))
    const { code, err, out } = await runCli(['serve', '-c', scene.path])
    t.equal(code, 2, listener)
    t.match(err.split('\n'), [new RegExp(`127.0.0.1:${port}`), /^hint: ./], listener)
    t.notMatch(out, 'ready')
    await scene.close()
  }
  taken.close()
  await once(taken, 'close')
})
