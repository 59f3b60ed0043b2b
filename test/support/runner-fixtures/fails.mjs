import t from 'tap'

t.test('outer', (t) => {
  t.equal(1, 2, 'one is two')
  t.ok(true, 'fine')
  t.end()
})
