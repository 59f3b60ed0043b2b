import t from 'tap'

t.test('breaks', () => {
  throw new Error('thrown by the test')
})
