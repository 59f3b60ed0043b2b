import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import t from 'tap'

interface Violation {
  readonly from: string
  readonly to: string
  readonly rule: { readonly name: string }
}

/** Imports that break a layer. `file` imports `imports`; both are made in a scratch tree. */
const BROKEN = [
  { rule: 'level-0-looks-down', file: 'gateway/util/a.ts', imports: 'gateway/request/x.ts' },
  { rule: 'level-1-looks-down', file: 'gateway/facts/a.ts', imports: 'gateway/upstream/x.ts' },
  {
    rule: 'level-1-looks-down',
    file: 'gateway/signing/a.ts',
    imports: 'gateway/credential/cache.ts',
  },
  {
    rule: 'level-1-looks-down',
    file: 'gateway/spiffe/verify.ts',
    imports: 'gateway/spiffe/file-source.ts',
  },
  {
    rule: 'level-1-looks-down',
    file: 'gateway/policy/input.ts',
    imports: 'gateway/policy/wasm/x.ts',
  },
  { rule: 'level-2-looks-down', file: 'gateway/credential/a.ts', imports: 'gateway/issuer/x.ts' },
  { rule: 'level-2-looks-down', file: 'gateway/state/a.ts', imports: 'gateway/issuer/x.ts' },
  { rule: 'level-2-looks-down', file: 'gateway/telemetry/a.ts', imports: 'gateway/config/x.ts' },
  { rule: 'level-3-looks-down', file: 'gateway/upstream/a.ts', imports: 'gateway/downstream/x.ts' },
  { rule: 'level-3-looks-down', file: 'gateway/downstream/a.ts', imports: 'gateway/pipeline/x.ts' },
  { rule: 'level-4-looks-down', file: 'gateway/pipeline/a.ts', imports: 'gateway/config/x.ts' },
  { rule: 'level-4-looks-down', file: 'gateway/providers/a.ts', imports: 'gateway/server.ts' },
  { rule: 'base-touches-nothing', file: 'gateway/util/b.ts', imports: 'node:fs' },
  { rule: 'pure-has-no-effects', file: 'gateway/request/a.ts', imports: 'node:net' },
  { rule: 'pure-has-no-effects', file: 'gateway/facts/b.ts', imports: 'node:fs/promises' },
  { rule: 'sockets-belong-to-level-3', file: 'gateway/issuer/a.ts', imports: 'node:http' },
  { rule: 'sockets-belong-to-level-3', file: 'gateway/pipeline/b.ts', imports: 'node:tls' },
  {
    rule: 'only-authoring-starts-processes',
    file: 'gateway/server.ts',
    imports: 'node:child_process',
  },
  { rule: 'flow-knows-no-vendor', file: 'gateway/pipeline/c.ts', imports: 'jose' },
  { rule: 'only-one-folder-imports-jose', file: 'gateway/pipeline/c.ts', imports: 'jose' },
  { rule: 'only-one-folder-imports-undici', file: 'gateway/credential/b.ts', imports: 'undici' },
  { rule: 'only-one-folder-imports-jose', file: 'gateway/signing/b.ts', imports: 'jose' },
  { rule: 'only-one-folder-imports-zod', file: 'gateway/policy/bundle/a.ts', imports: 'zod' },
  {
    rule: 'every-package-has-its-folder',
    file: 'gateway/spiffe/verify.ts',
    imports: 'node-forge',
  },
  { rule: 'every-package-has-its-folder', file: 'gateway/server.ts', imports: 'tap-parser' },
  { rule: 'demo-judges-for-itself', file: 'gateway/demo/play.ts', imports: 'gateway/facts/x.ts' },
  {
    rule: 'sandbox-never-reaches-what-it-verifies',
    file: 'gateway/demo/aws/a.ts',
    imports: 'gateway/demo/helper.ts',
  },
  { rule: 'gateway-stands-alone', file: 'gateway/cli/a.ts', imports: 'test/support/x.ts' },
  { rule: 'no-circle', file: 'gateway/issuer/c.ts', imports: 'gateway/issuer/d.ts' },
  { rule: 'everything-resolves', file: 'gateway/cli/b.ts', imports: 'no-such-package' },
]

/** Imports that the layers allow. */
const SOUND = [
  { file: 'gateway/pipeline/handler.ts', imports: 'gateway/upstream/x.ts' },
  { file: 'gateway/upstream/pool.ts', imports: 'undici' },
  { file: 'gateway/upstream/pool.ts', imports: 'node:tls' },
  { file: 'gateway/signing/sign.ts', imports: 'gateway/credential/credential.ts' },
  { file: 'gateway/signing/sign.ts', imports: 'node:crypto' },
  { file: 'gateway/spiffe/file-source.ts', imports: 'gateway/spiffe/id.ts' },
  { file: 'gateway/policy/wasm/engine.ts', imports: 'gateway/policy/wasm/x.ts' },
  { file: 'gateway/config/load.ts', imports: 'zod' },
  { file: 'gateway/operations/a.ts', imports: 'gateway/state/x.ts' },
  // The other half of the circle, which is reported once.
  { file: 'gateway/issuer/d.ts', imports: 'gateway/issuer/c.ts' },
  // What the sandbox must not reach by any way.
  { file: 'gateway/demo/helper.ts', imports: 'gateway/server.ts' },
  { file: 'gateway/server.ts', imports: 'gateway/signing/sign.ts' },
]

t.test('every import that breaks a layer is found, and no other', async (t) => {
  const root = t.testdir()
  const imports = new Map<string, string[]>()
  for (const { file, imports: target } of [...BROKEN, ...SOUND]) {
    imports.set(file, [...(imports.get(file) ?? []), target])
    if (target.endsWith('.ts') && !imports.has(target)) imports.set(target, [])
  }
  for (const [file, targets] of imports) {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(
      join(root, file),
      `${targets.map((target) => importLine(file, target)).join('')}export {}\n`,
    )
  }
  const found = cruise(root).map(({ rule, from }) => `${rule.name}: ${from}`)

  for (const { rule, file } of BROKEN) t.ok(found.includes(`${rule}: ${file}`), `${rule}: ${file}`)
  const expected = new Set(BROKEN.map(({ rule, file }) => `${rule}: ${file}`))
  t.same(
    found.filter((finding) => !expected.has(finding)),
    [],
  )
})

function importLine(file: string, target: string): string {
  const specifier = target.endsWith('.ts')
    ? `${'../'.repeat(file.split('/').length - 1)}${target}`
    : target
  return `import '${specifier}'\n`
}

function cruise(root: string): readonly Violation[] {
  mkdirSync(join(root, 'scripts'), { recursive: true })
  for (const file of [
    '.dependency-cruiser.cjs',
    'scripts/layers.json',
    'package.json',
    'tsconfig.json',
    'tsconfig.test.json',
  ]) {
    cpSync(file, join(root, file))
  }
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'))
  const binary = resolve('node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
  const args = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'gateway']
  const run = spawnSync(process.execPath, [binary, ...args], { cwd: root, encoding: 'utf8' })
  const report = JSON.parse(run.stdout) as { summary: { violations: readonly Violation[] } }
  return report.summary.violations
}
