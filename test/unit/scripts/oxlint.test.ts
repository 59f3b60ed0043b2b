import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import t from 'tap'

/** One file a rule; those of `typescript-eslint` below need types, so they show that types are read. */
const BROKEN = [
  {
    rule: 'no-explicit-any',
    file: 'gateway/a.ts',
    text: 'export const f = (x: any): unknown => x',
  },
  {
    rule: 'no-non-null-assertion',
    file: 'gateway/b.ts',
    text: 'export const f = (x?: string): string => x!',
  },
  {
    rule: 'no-floating-promises',
    file: 'gateway/c.ts',
    text: 'export function f(): void { Promise.resolve(1) }',
  },
  {
    rule: 'no-floating-promises',
    file: 'scripts/c.ts',
    text: 'export function f(): void { Promise.resolve(1) }',
  },
  {
    rule: 'no-misused-promises',
    file: 'gateway/d.ts',
    text: 'export const f = (x: Promise<boolean>): number => (x ? 1 : 2)',
  },
  {
    rule: 'switch-exhaustiveness-check',
    file: 'gateway/e.ts',
    text: `export function f(x: 'a' | 'b'): void { switch (x) { case 'a': break } }`,
  },
  { rule: 'no-console', file: 'gateway/f.ts', text: 'console.log(1)\nexport {}' },
  { rule: 'no-empty', file: 'gateway/g.ts', text: 'try { decodeURI("") } catch {}\nexport {}' },
  { rule: 'no-default-export', file: 'gateway/h.ts', text: 'export default 1' },
  {
    rule: 'no-restricted-globals',
    file: 'gateway/i.ts',
    text: `export const f = async (): Promise<unknown> => fetch('https://a')`,
  },
  {
    rule: 'prefer-node-protocol',
    file: 'gateway/j.ts',
    text: `import { join } from 'path'\nexport const f = join`,
  },
  { rule: 'max-lines', file: 'gateway/k.ts', text: `${'// line\n'.repeat(401)}export {}` },
  {
    rule: 'max-lines-per-function',
    file: 'gateway/l.ts',
    text: `export function f(a: number): number {\n  let b = a\n${'  b += 1\n'.repeat(80)}  return b\n}`,
  },
  { rule: 'no-barrel-file', file: 'gateway/m.ts', text: `export * from './a.ts'` },
]

t.test('every rule that the project counts on is found by the configuration', async (t) => {
  // Outside the repository: what .gitignore names is not linted.
  const root = mkdtempSync(join(tmpdir(), 'svidgate-oxlint-'))
  t.teardown(() => {
    rmSync(root, { recursive: true })
  })
  for (const file of [
    '.oxlintrc.json',
    '.gitignore',
    'package.json',
    'tsconfig.json',
    'tsconfig.test.json',
    'scripts/tsconfig.json',
  ]) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    cpSync(file, join(root, file))
  }
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'))
  for (const { file, text } of BROKEN) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), `${text}\n`)
  }
  const found = lint(root)
  for (const { rule, file } of BROKEN) t.ok(found.includes(`${file}: ${rule}`), `${file}: ${rule}`)
})

/** `file: rule` of every finding. */
function lint(root: string): readonly string[] {
  const binary = resolve('node_modules/oxlint/bin/oxlint')
  const args = [binary, '--format', 'json']
  const run = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' })
  const report = JSON.parse(run.stdout) as {
    diagnostics: readonly { filename: string; code: string }[]
  }
  return report.diagnostics.map(
    ({ filename, code }) => `${filename}: ${code.replace(/^.*\((.*)\)$/, '$1')}`,
  )
}
