import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { readLayers } from '../../../scripts/lint/layers.ts'
import { lintTree } from '../../../scripts/lint/lint-tree.ts'

const layers = readLayers('scripts/layers.json')
const { makers } = layers

/** `file: rule` of every finding in a copy of the chain's modules with these files added. */
function lint(root: string, files: Readonly<Record<string, string>>): readonly string[] {
  for (const { module } of makers) cpSync(module, join(root, module))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return lintTree(root, layers).findings.map(({ file, rule }) => `${file}: ${rule}`)
}

const IDIOMS = [
  { rule: 'no-url-parser', file: 'gateway/routing/x.ts', text: `new URL('https://a')` },
  { rule: 'no-clock', file: 'gateway/pipeline/x.ts', text: 'Date.now()' },
  { rule: 'no-clock', file: 'gateway/pipeline/y.ts', text: 'new Date()' },
  { rule: 'no-clock', file: 'gateway/upstream/x.ts', text: 'process.hrtime.bigint()' },
  { rule: 'no-pipe', file: 'gateway/upstream/x.ts', text: 'a.pipe(b)' },
  { rule: 'no-pipe', file: 'gateway/server.ts', text: 'a.pipe(b)' },
  { rule: 'no-environment', file: 'gateway/credential/x.ts', text: `process.env['AWS_PROFILE']` },
  { rule: 'no-console', file: 'gateway/admin/x.ts', text: 'console.log(1)' },
  { rule: 'no-any-cast', file: 'gateway/cli/x.ts', text: 'const x = y as any' },
  { rule: 'no-double-cast', file: 'gateway/cli/x.ts', text: 'const x = y as unknown as Z' },
  { rule: 'no-empty-catch', file: 'gateway/cli/x.ts', text: 'try { f() } catch { /* fine */ }' },
  { rule: 'pure', file: 'gateway/facts/x.ts', text: 'setTimeout(f, 1)' },
  { rule: 'pure', file: 'gateway/signing/x.ts', text: 'const x = performance.now()' },
  { rule: 'level', file: 'gateway/misc/x.ts', text: 'export const x = 1' },
]

for (const { rule, file, text } of IDIOMS) {
  t.test(`${rule}: \`${text}\` in ${file} is found`, async (t) => {
    t.same(lint(t.testdir(), { [file]: text }), [`${file}: ${rule}`])
  })
}

const INNOCENT = [
  {
    id: 'the root may read clock, environment and URLs',
    file: 'gateway/server.ts',
    text: `Date.now(); process.env['X']; new URL('https://a')`,
  },
  { id: 'the clock is the clock', file: 'gateway/util/clock.ts', text: 'Date.now()' },
  { id: 'a date made of a number', file: 'gateway/audit/x.ts', text: 'new Date(now)' },
  {
    id: 'comments and strings',
    file: 'gateway/facts/x.ts',
    text: `// Date.now(), new URL()\nconst x = 'process.env'`,
  },
  {
    id: 'a property called process',
    file: 'gateway/facts/x.ts',
    text: 'a.process(); const b = { fetch: 1 }',
  },
  {
    id: 'a catch that says something',
    file: 'gateway/facts/x.ts',
    text: 'try { f() } catch { return undefined }',
  },
]

for (const { id, file, text } of INNOCENT) {
  t.test(`${id}: no finding`, async (t) => {
    t.same(lint(t.testdir(), { [file]: text }), [])
  })
}

for (const { maker, type, module, station } of makers) {
  t.test(`${maker} is imported by ${station} alone`, async (t) => {
    const thief = `gateway/pipeline/thief.ts`
    const from = `'../${module.slice('gateway/'.length)}'`
    const ways = [
      `import { ${maker} } from ${from}`,
      `import { ${maker} as other } from ${from}`,
      `import * as all from ${from}`,
      `export { ${maker} } from ${from}`,
      `export * from ${from}`,
      `const all = await import(${from})`,
      `const forged = {} as ${type}`,
    ]
    for (const way of ways) {
      t.same(lint(t.testdir(), { [thief]: way }), [`${thief}: maker`], way)
    }
    const own = `import { ${maker} } from '${relativeFrom(station, module)}'`
    t.same(lint(t.testdir(), { [station]: own }), [], 'its station may')
    const typeOnly = `import type { ${type} } from ${from}`
    t.same(lint(t.testdir(), { [thief]: typeOnly }), [], 'its type is for everyone')
    const renamed = lint(t.testdir(), { [module]: 'export const renamed = 1' })
    t.same(renamed, [`${module}: maker`], 'a rule whose maker is gone is an error')
  })
}

function relativeFrom(file: string, module: string): string {
  return `${'../'.repeat(dirname(file).split('/').length)}${module}`
}
