import t from 'tap'

t.test('counts leaves', (t) => {
  t.ok(true, 'one')
  t.test('nested', (t) => {
    t.ok(true, 'two')
    t.end()
  })
  t.end()
})
t.ok(true, 'three')
