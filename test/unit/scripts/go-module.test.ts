import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { editModule, moduleDirectory, takeModule } from '../../../scripts/tools/go-module.ts'

t.test('where the module lies is read among what else go prints', (t) => {
  const json = '{\n\t"Path": "example.org/m",\n\t"Dir": "/cache/m@v1"\n}\n'
  t.equal(moduleDirectory(`go: downloading example.org/m v1\n${json}`), '/cache/m@v1')
  t.equal(moduleDirectory('go: no such module'), undefined)
  t.end()
})

t.test('a copy is changed as the recipe says, and the cache stays as it is', (t) => {
  const root = t.testdir({
    cache: { 'go.mod': 'module m\n\trequire a v0.0.0\n', plugin: { 'x.go': 'x' } },
    ours: { 'main.go': 'package main' },
  })
  const [cache, copy] = [join(root, 'cache'), join(root, 'copy')]
  chmodSync(join(cache, 'go.mod'), 0o444)
  takeModule(cache, copy)
  const edits = [
    { remove: 'plugin' },
    { file: 'go.mod', find: '^(\\s*require a) v0\\.0\\.0$', put: '$1 v0.34.0' },
  ]
  t.equal(editModule(copy, { edits, add: { from: join(root, 'ours'), to: 'added' } }), undefined)
  t.equal(readFileSync(join(copy, 'go.mod'), 'utf8'), 'module m\n\trequire a v0.34.0\n')
  t.throws(() => readFileSync(join(copy, 'plugin', 'x.go')))
  t.equal(readFileSync(join(copy, 'added', 'main.go'), 'utf8'), 'package main')
  t.match(readFileSync(join(cache, 'go.mod'), 'utf8'), /a v0\.0\.0/)
  t.end()
})

t.test('a change that finds nothing to change is an error: the module is another one', (t) => {
  const directory = t.testdir({ 'go.mod': 'module m\n' })
  const edits = [{ file: 'go.mod', find: '^replace', put: '' }]
  t.equal(editModule(directory, { edits }), 'go.mod has nothing that matches ^replace')
  mkdirSync(join(directory, 'kept'))
  writeFileSync(join(directory, 'kept', 'x'), 'x')
  t.throws(() => editModule(directory, { edits: [{ remove: 'gone' }] }), /ENOENT/)
  t.end()
})
