// What is generated is current, and what is shipped as an example is right.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import {
  configJsonSchema,
  schemaAt,
  variantsOf,
  type JsonSchema,
} from '../../../gateway/config/json-schema.ts'
import { checkConfig } from '../../../gateway/cli/check.ts'
import { loadConfig } from '../../../gateway/config/load.ts'
import { generatedFiles } from '../../../scripts/docs/all.ts'
import { memoryFiles, OTHER, SERVER, type MemoryFile } from '../../support/config-fixture.ts'

// dist/test/unit/config → the repository’s root
const ROOT = join(import.meta.dirname, '..', '..', '..', '..')

for (const [path, text] of generatedFiles()) {
  t.test(`${path} is current (node dist/scripts/generate-docs.js)`, async (t) => {
    t.equal(await readFile(join(ROOT, path), 'utf8'), text)
  })
}

t.test('every field says what it means and whether a reload takes it', async (t) => {
  const visit = (schema: JsonSchema, path: string): void => {
    for (const variant of variantsOf(schema)) {
      for (const [key, child] of Object.entries(variant.properties ?? {})) {
        const name = path === '' ? key : `${path}.${key}`
        t.ok(child.description, `${name}: description`)
        t.match(child['x-reload'], /^(hot|restart)$/, `${name}: reload`)
        visit(child, name)
      }
      if (variant.items !== undefined) visit(variant.items, `${path}[]`)
      const { additionalProperties } = variant
      if (typeof additionalProperties === 'object') visit(additionalProperties, `${path}.*`)
    }
  }
  visit(configJsonSchema(), '')
})

t.test('every limit’s field exists, with the default that the documents name', async (t) => {
  const { DEFAULTS } = await import('../../../gateway/config/defaults.ts')
  for (const { field, value, reason } of Object.values(DEFAULTS)) {
    const path = field
      .split('.')
      .map((part, index, all) => (part === '*' && all[index - 1] === 'sinks' ? 0 : part))
    const found = ['aws-web-identity', 'gcp-workload-identity'].map((kind) =>
      schemaAt(
        configJsonSchema(),
        {
          issuer: { signer: { kind: 'command' } },
          credentials: { '*': { kind } },
          audit: { sinks: { 0: { kind: 'file' } } },
        },
        path,
      ),
    )
    t.equal(found.find((schema) => schema !== undefined)?.default, value, field)
    t.ok(reason.length > 20, `${field}: a reason`)
  }
})

/** The files that the example names, by the paths that an operator would put them at. */
function exampleFiles(yaml: string): Map<string, MemoryFile> {
  const at = (name: string) => `/etc/svidgate/${name}`
  return new Map<string, MemoryFile>([
    [at('svidgate.yaml'), { text: yaml, mode: 0o644 }],
    [at('tls/gw.pem'), { text: SERVER.certificate, mode: 0o644 }],
    [at('tls/gw.key'), { text: SERVER.key }],
    [at('identity/example.org.pem'), { text: OTHER.certificate, mode: 0o644 }],
    [at('identity/deny.txt'), { text: '', mode: 0o644 }],
    [at('bundles/authz.tar.gz'), { text: 'bundle', mode: 0o644 }],
    [at('keys/bundle.pub.pem'), { text: OTHER.publicKey, mode: 0o644 }],
  ])
}

t.test('docs/examples/svidgate.yaml passes `check` without a warning', async (t) => {
  const yaml = await readFile(join(ROOT, 'docs', 'examples', 'svidgate.yaml'), 'utf8')
  const printed: string[] = []
  const io = {
    out: (text: string) => printed.push(text),
    err: (text: string) => printed.push(text),
    stdin: process.stdin,
    isTerminal: false,
    env: {},
  }
  const check = checkConfig({
    load: (path) =>
      loadConfig(path, {
        env: { AWS_ACCOUNT_ID: '123456789012' },
        files: memoryFiles(exampleFiles(yaml)),
      }),
    checkFiles: async () => [],
    checkBundles: async () => [],
  })
  const exitCode = await check({ config: '/etc/svidgate/svidgate.yaml', json: false }, io)
  t.equal(printed.join(''), '/etc/svidgate/svidgate.yaml: ok\n')
  t.equal(exitCode, 0)
})
