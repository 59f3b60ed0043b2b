import t from 'tap'

t.ok(true, 'runs')
t.test('some day', { todo: true }, (t) => {
  t.ok(true)
  t.end()
})
