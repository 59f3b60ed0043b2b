// The Python of the documentation, run with the real boto3 and google-cloud-bigquery against a
// running gateway.

import t from 'tap'
import type { Tool } from '../support/doc-check.ts'
import {
  documents,
  playDocument,
  snippetsIn,
  startDocumentedGateway,
} from '../support/documents.ts'
import { toolPath } from '../support/tools.ts'

t.test('what the documents show in Python works with the real clients', async (t) => {
  const tools = new Map<Tool, string>([
    ['python', toolPath('boto3', 'bin', 'python')],
    ['python-google', toolPath('google-cloud-bigquery', 'bin', 'python')],
  ])
  const gateway = await startDocumentedGateway()
  t.teardown(() => gateway.close())
  const pages = documents().filter((path) =>
    snippetsIn(path).some(({ language }) => language === 'python'),
  )
  t.ok(pages.includes('README.md'))
  for (const path of pages) {
    await t.test(path, async (t) => {
      const before = gateway.cloud.requests.length
      await playDocument(t, path, gateway, tools)
      t.ok(gateway.cloud.requests.length > before, 'it reached the cloud')
    })
  }
  const queries = gateway.google?.requests.filter(({ operation }) =>
    operation?.endsWith('jobs.query'),
  )
  t.ok((queries?.length ?? 0) > 0, 'and BigQuery')
})
