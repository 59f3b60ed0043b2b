import t from 'tap'

t.test('never ends', async (t) => {
  t.ok(true, 'begins')
  setInterval(() => {}, 1000)
  await new Promise(() => {})
})
