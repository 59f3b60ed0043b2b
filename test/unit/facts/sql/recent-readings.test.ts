import t from 'tap'
import { readSql } from '../../../../gateway/facts/sql/read-sql.ts'
import { RecentReadings } from '../../../../gateway/facts/sql/recent-readings.ts'

function counted(): { readonly readings: RecentReadings; readonly read: string[] } {
  const read: string[] = []
  const readings = new RecentReadings((text) => {
    read.push(text)
    return readSql(text)
  })
  return { readings, read }
}

t.test('the same text is read once, whoever holds it', (t) => {
  const { readings, read } = counted()
  const first = readings.read('SELECT 1')
  t.equal(readings.read(['SELECT', '1'].join(' ')), first)
  t.strictSame(read, ['SELECT 1'])
  t.strictSame(first, readSql('SELECT 1'))
  t.end()
})

t.test('another text is another reading, however alike', (t) => {
  const { readings } = counted()
  const texts = [
    'SELECT 1',
    'SELECT 2',
    'SELECT 1 ',
    'select 1',
    'DELETE FROM t WHERE true',
    'SELECT',
  ]
  for (const text of [...texts, ...texts]) t.strictSame(readings.read(text), readSql(text), text)
  t.end()
})

t.test('a refusal is kept as one', (t) => {
  const { readings, read } = counted()
  t.notOk(readings.read('SELECT 1; SELECT 2').ok)
  t.notOk(readings.read('SELECT 1; SELECT 2').ok)
  t.equal(read.length, 1)
  t.end()
})

t.test('few are kept, and none that is long', (t) => {
  const { readings, read } = counted()
  for (let index = 0; index < 9; index += 1) readings.read(`SELECT ${index}`)
  readings.read('SELECT 8')
  t.equal(read.length, 9)
  readings.read('SELECT 0')
  t.equal(read.length, 10)
  const long = `SELECT '${'x'.repeat(70_000)}'`
  readings.read(long)
  readings.read(long)
  t.equal(read.length, 12)
  t.end()
})
