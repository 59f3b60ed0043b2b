// What the documentation builds, tests and signs with OPA and OpenSSL, done with the real ones.

import { dirname } from 'node:path'
import t from 'tap'
import { findOpa, OPA_VERSION } from '../../gateway/authoring/opa.ts'
import {
  documents,
  playDocument,
  snippetsIn,
  startDocumentedGateway,
} from '../support/documents.ts'

t.test('what the documents do with OPA works with OPA', async (t) => {
  const opa = await findOpa(process.env, OPA_VERSION)
  if (opa === undefined) throw new Error(`OPA ${OPA_VERSION} is needed: make tools`)
  const tools = new Map([
    ['opa', dirname(opa.path)],
    ['openssl', ''],
  ] as const)
  const gateway = await startDocumentedGateway()
  t.teardown(() => gateway.close())
  const pages = documents().filter((path) =>
    snippetsIn(path).some(
      ({ mark, language }) => mark?.startsWith('needs') === true || language === 'rego',
    ),
  )
  t.ok(pages.includes('README.md') && pages.includes('docs/POLICY.md'))
  for (const path of pages) {
    await t.test(path, async (t) => {
      const counts = await playDocument(t, path, gateway, tools)
      t.ok((counts.get('ran') ?? 0) > 0)
    })
  }
})
