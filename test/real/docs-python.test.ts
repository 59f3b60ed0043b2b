// The Python of the documentation, run with the real boto3 against a running gateway.

import t from 'tap'
import {
  documents,
  playDocument,
  snippetsIn,
  startDocumentedGateway,
} from '../support/documents.ts'
import { toolPath } from '../support/tools.ts'

t.test('what the documents show with boto3 works with boto3', async (t) => {
  const python = toolPath('boto3', 'bin', 'python')
  const gateway = await startDocumentedGateway()
  t.teardown(() => gateway.close())
  const pages = documents().filter((path) =>
    snippetsIn(path).some(({ language }) => language === 'python'),
  )
  t.ok(pages.includes('README.md'))
  for (const path of pages) {
    await t.test(path, async (t) => {
      const before = gateway.cloud.requests.length
      await playDocument(t, path, gateway, new Map([['python', python]]))
      t.ok(gateway.cloud.requests.length > before, 'it reached the cloud')
    })
  }
})
