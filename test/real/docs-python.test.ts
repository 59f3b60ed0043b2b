// The Python of the documentation, run with the real boto3 against a running gateway.

import { join } from 'node:path'
import t from 'tap'
import { readTools, toolDirectory, toolsDirectory } from '../../scripts/tools/specification.ts'
import {
  documents,
  playDocument,
  snippetsIn,
  startDocumentedGateway,
} from '../support/documents.ts'
import { repositoryRoot } from '../support/test-data.ts'

const TOOLS = readTools(join(repositoryRoot(), 'scripts/tools.json'))

t.test('what the documents show with boto3 works with boto3', async (t) => {
  const boto3 = TOOLS.find(({ name }) => name === 'boto3')
  if (boto3 === undefined) throw new TypeError('scripts/tools.json has no boto3')
  const python = join(toolDirectory(toolsDirectory(), boto3), 'bin', 'python')
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
