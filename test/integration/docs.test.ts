// The documentation is run: every command and program in it, against a real gateway, and every link.
// What it shows as configuration, grants, policies and decisions is read by the code that reads them.

import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { compileGrants, writeGrantsData } from '../../gateway/authoring/grants.ts'
import { createMetrics } from '../../gateway/telemetry/metrics.ts'
import { checkSnippet } from '../support/doc-check.ts'
import { openDocScene } from '../support/doc-scene.ts'
import {
  documents,
  playDocument,
  readDocument,
  snippetsIn,
  startDocumentedGateway,
} from '../support/documents.ts'
import { anchorsOf, firstMissingLine, relativeLinks, snippetsOf } from '../support/snippets.ts'
import { repositoryRoot } from '../support/test-data.ts'

/** Characters of a line outside tables, so that the documents can be read in a terminal. */
const LONGEST_LINE = 160

const ROOT = repositoryRoot()

t.test('every block of the documentation runs, or is what the code reads', async (t) => {
  const gateway = await startDocumentedGateway()
  t.teardown(() => gateway.close())
  const total = { blocks: 0, ran: 0, checked: 0, shown: 0, elsewhere: 0 }
  for (const path of documents()) {
    const snippets = snippetsIn(path)
    if (snippets.length === 0) continue
    total.blocks += snippets.length
    await t.test(path, async (t) => {
      const counts = await playDocument(t, path, gateway)
      for (const kind of ['ran', 'checked', 'shown', 'elsewhere'] as const) {
        total[kind] += counts.get(kind) ?? 0
      }
    })
  }
  const { blocks, ran, checked, shown, elsewhere } = total
  t.comment(
    `${blocks} blocks: ${ran} run, ${checked} checked, ${shown} pictures, ${elsewhere} for test/real`,
  )
  t.equal(ran + checked + shown + elsewhere, blocks, 'no block is left out')
  t.ok(ran >= 15, `${ran} blocks were run`)
  t.ok(shown <= 3, 'pictures are few')
  const puts = gateway.cloud.requests.filter(({ operation }) => operation === 's3.PutObject')
  t.ok(puts.length > 0, 'the SDK of the README reached the cloud')
  t.ok(puts.every(({ status }) => status === 200))
})

t.test('the grants of the README are the ones that are shipped', async (t) => {
  const grants = snippetsIn('README.md').find(({ file }) => file === 'grants.yaml')
  const compiled = compileGrants(grants?.text ?? '')
  t.equal(
    compiled.ok ? writeGrantsData(compiled.value) : JSON.stringify(compiled.error),
    readDocument('policies/svidgate/data.json'),
  )
})

t.test('a block that nobody runs is noticed', async (t) => {
  const gateway = await startDocumentedGateway()
  t.teardown(() => gateway.close())
  const scene = await openDocScene({ gateway })
  t.teardown(() => scene.close())
  const rows: readonly (readonly [id: string, markdown: string])[] = [
    ['unknown language', '```toml\na = 1\n```\n'],
    ['no language and no mark', '```\nanything\n```\n'],
    ['a command that fails', '```sh\nsvidgate check -c nowhere.yaml\n```\n'],
    ['a command in the middle that fails', '```sh\nfalse\ntrue\n```\n'],
    ['a program that fails', "```js\nthrow new Error('no')\n```\n"],
    ['an output that was not printed', '<!-- output -->\n```\nnever printed\n```\n'],
    ['grants with a mistake', '```yaml\nversion: 1\ngrants: [{ id: X }]\n```\n'],
    ['a field that does not exist', '```yaml\npolicy: { decison: a/b }\n```\n'],
    ['a trust policy that trusts anyone', '```json\n{"Statement":[{"Principal":"*"}]}\n```\n'],
    [
      'a decision with an unknown obligation',
      '```json\n{"allow":true,"obligations":{"x":1}}\n```\n',
    ],
  ]
  for (const [id, markdown] of rows) {
    const [snippet] = snippetsOf('x.md', markdown)
    if (snippet === undefined) throw new TypeError(id)
    const options = { tools: new Map(), printed: 'something else\n', onPrinted: () => undefined }
    const verdict = await checkSnippet(scene, snippet, options).catch((error: unknown) => ({
      kind: 'failed',
      why: String(error),
    }))
    t.equal(verdict.kind, 'failed', id)
  }
  t.throws(() => snippetsOf('x.md', '```sh\ntrue\n'), { message: /never closed/ })
})

t.test('a shown output matches in order, with … for any text', async (t) => {
  t.equal(firstMissingLine('a\nb … d\n…\nf\n', 'a\nx\nb c d\ne\nf\n'), undefined)
  t.equal(firstMissingLine('f\na\n', 'a\nf\n'), 'a')
  t.equal(firstMissingLine('took 3 ms at localhost:1\n', 'took 14 ms at localhost:22\n'), undefined)
})

t.test('every link leads somewhere', async (t) => {
  for (const path of documents()) {
    for (const { line, target } of relativeLinks(readDocument(path))) {
      const [file = '', anchor] = target.split('#')
      const place = file === '' ? path : join(dirname(path), file)
      const isThere = existsSync(join(ROOT, place))
      t.ok(isThere, `${path}:${line}: ${target}`)
      if (anchor !== undefined && isThere) {
        t.ok(anchorsOf(readDocument(place)).has(anchor), `${path}:${line}: #${anchor}`)
      }
    }
  }
})

t.test('every test and target that a document names exists', async (t) => {
  const makefile = readDocument('Makefile')
  const missing: string[] = []
  for (const path of documents()) {
    const text = readDocument(path)
    for (const [, name = ''] of text.matchAll(/`(test\/[\w./-]+(?:\.\w+|\/\*\*))`/g)) {
      const place = name.replace(/\/\*+$/, '')
      if (!existsSync(join(ROOT, place))) missing.push(`${path}: ${name}`)
    }
    for (const [, target = ''] of text.matchAll(/`make ([a-z-]+)/g)) {
      if (!new RegExp(`^${target}:`, 'm').test(makefile)) missing.push(`${path}: make ${target}`)
    }
  }
  t.same(missing, [])
})

t.test('every page that a comment names exists, and none that is not here', async (t) => {
  const pages = new Set(documents())
  for (const name of readdirSync(join(ROOT, 'docs/decisions')))
    pages.add(`docs/decisions/${name.slice(0, 4)}`)
  for (const folder of ['gateway', 'scripts', 'bench', 'policies']) {
    const names = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    for (const name of names.filter((each) => /\.(?:ts|rego)$/.test(each))) {
      const path = `${folder}/${name}`
      const text = readDocument(path)
      for (const [page] of text.matchAll(/(?<![/\w])docs\/(?:decisions\/\d{4}|[\w-]+\.md)/g)) {
        t.ok(pages.has(page), `${path}: ${page}`)
      }
      t.notMatch(text, /\bcontract §|\b[a-z-]+\.md §/, path)
    }
  }
})

t.test('the operator finds every code and every metric', async (t) => {
  const text = readDocument('docs/OPERATIONS.md')
  const codes = [...readDocument('gateway/errors.ts').matchAll(/'(ERR_SG_[A-Z_]+)'/g)]
  t.ok(codes.length > 40)
  for (const [, code = ''] of codes) t.ok(text.includes(`\`${code}\``), code)
  const metrics = createMetrics({ clock: { now: () => 0 }, services: ['aws_s3'] })
  t.teardown(() => metrics.close())
  const { body } = await metrics.exposition()
  const named = new Set([...text.matchAll(/`(svidgate_[a-z0-9_]+)`/g)].map(([, name]) => name))
  const there = new Set([...body.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name))
  t.same(named, there)
})

t.test('documents can be read in a terminal', async (t) => {
  const generated = ['docs/CONFIG.md', 'docs/DEFAULTS.md', 'docs/REFUSALS.md']
  for (const path of documents()) {
    if (generated.includes(path)) continue
    for (const [index, line] of readDocument(path).split('\n').entries()) {
      const isTable = line.startsWith('|')
      if (line.length > LONGEST_LINE && !isTable) t.fail(`${path}:${index + 1}: ${line.length}`)
    }
  }
  t.pass('all were read')
})
