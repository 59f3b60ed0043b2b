import t from 'tap'

t.ok(true, 'runs')
t.test('left out', { skip: 'not here' }, (t) => {
  t.ok(true)
  t.end()
})
