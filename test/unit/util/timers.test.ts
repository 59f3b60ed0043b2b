import { spawnSync } from 'node:child_process'
import t from 'tap'
import { systemTimers } from '../../../gateway/util/timers.ts'

t.test('ticks come until stopped', async (t) => {
  let ticks = 0
  await new Promise<void>((resolve) => {
    const stop = systemTimers.every(1, () => {
      ticks += 1
      if (ticks < 3) return
      stop()
      stop()
      resolve()
    })
    // Our timers keep no process alive, so this test has to stay awake by itself.
    const awake = setTimeout(() => undefined, 5000)
    t.teardown(() => clearTimeout(awake))
  })
  t.equal(ticks, 3)
})

t.test('no timer of ours keeps a process alive', async (t) => {
  const module = new URL('../../../gateway/util/timers.js', import.meta.url).href
  const code = `import { systemTimers } from ${JSON.stringify(module)}; systemTimers.every(3600000, () => {})`
  const ended = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    timeout: 10_000,
  })
  t.equal(ended.status, 0, ended.stderr.toString())
})
