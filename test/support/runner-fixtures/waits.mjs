import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'

t.ok(true, 'asserts')
t.test('is quiet for longer than the grace', async (t) => {
  await wait(1500)
  t.ok(true, 'asserts again')
})
