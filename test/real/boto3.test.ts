// boto3 as the client: it speaks to the gateway over https, where it sends unsigned-trailer chunks,
// `Expect: 100-continue` and CRC32, and reads our refusals with its own parser.

import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { toolsDirectory } from '../../scripts/tools/specification.ts'
import { startTestGateway } from '../support/running-gateway.ts'

const PYTHON = join(toolsDirectory(), 'boto3-1.44.5/bin/python')
const SCRIPT = join(import.meta.dirname, '../../../test/real/boto3_client.py')

interface Step {
  readonly step: string
  readonly ok: boolean
  readonly requests: number
  readonly equal?: boolean
  readonly code?: string
  readonly message?: string
  readonly status?: number
}

const denials: readonly (readonly [step: string, code: string])[] = [
  ['denied put', 'AccessDenied'],
  ['denied put of 8 MiB', 'AccessDenied'],
  ['denied list', 'AccessDenied'],
  // A HEAD answer has no body to hold a code: boto3 shows the status.
  ['denied head', '403'],
  ['denied delete', 'AccessDenied'],
  ['denied copy', 'AccessDenied'],
]

t.test('an unmodified boto3 program', async (t) => {
  const test = await startTestGateway({ bundle: 'bench/policy/bundle.tar.gz' })
  t.teardown(() => test.close())
  const files = await writeIdentity(test)
  const { stdout } = await promisify(execFile)(
    PYTHON,
    [SCRIPT, `${test.origin}/aws/s3`, files.ca, files.cert, files.key],
    {
      timeout: 120_000,
      env: { PATH: process.env['PATH'] ?? '', AWS_EC2_METADATA_DISABLED: 'true' },
    },
  )
  const steps = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Step)
  const denied = new Map(denials)

  for (const step of steps.filter(({ step: name }) => !denied.has(name))) {
    t.equal(step.ok, true, `${step.step}: ${step.code ?? ''} ${step.message ?? ''}`)
    t.equal(step.equal, true, `${step.step}: the same bytes come back`)
  }
  for (const [name, code] of denied) {
    const step = steps.find((candidate) => candidate.step === name)
    t.equal(step?.code, code, `${name}: ${step?.message ?? ''}`)
    t.equal(step?.status, 403, name)
    t.equal(step?.requests, 1, `${name}: a denial is not repeated`)
    if (code !== '403') t.match(step?.message, /ERR_SG_DENIED.*Role: writer.*Decision: /, name)
  }
  const foreign = test.cloud.requests.filter(({ status = 0 }) => status >= 400)
  t.same(foreign, [], 'the cloud refused nothing of what the gateway let through')
})

async function writeIdentity(
  test: Awaited<ReturnType<typeof startTestGateway>>,
): Promise<{ ca: string; cert: string; key: string }> {
  const svid = test.svid('writer')
  const files = {
    ca: join(test.dir, 'web-ca.pem'),
    cert: join(test.dir, 'writer.pem'),
    key: join(test.dir, 'writer.key.pem'),
  }
  await writeFile(files.ca, test.webCaPem)
  await writeFile(files.cert, svid.certPem)
  await writeFile(files.key, svid.keyPem, { mode: 0o600 })
  return files
}
