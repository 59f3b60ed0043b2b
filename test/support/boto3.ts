// The program test/real/boto3_client.py before a running gateway, and what has to come of its steps:
// what is allowed brings the same bytes back, what is denied is read by boto3's own parser.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { writeIdentity } from './identity-files.ts'
import type { TestGateway } from './running-gateway.ts'
import { repositoryRoot } from './test-data.ts'
import { toolPath } from './tools.ts'

const SCRIPT = join(repositoryRoot(), 'test/real/boto3_client.py')
const PLAY_MS = 120_000

interface Step {
  readonly step: string
  readonly ok: boolean
  readonly requests: number
  readonly equal?: boolean
  readonly code?: string
  readonly message?: string
  readonly status?: number
}

const DENIALS: readonly (readonly [step: string, code: string])[] = [
  ['denied put', 'AccessDenied'],
  ['denied put of 8 MiB', 'AccessDenied'],
  ['denied list', 'AccessDenied'],
  // A HEAD answer has no body to hold a code: boto3 shows the status.
  ['denied head', '403'],
  ['denied delete', 'AccessDenied'],
  ['denied copy', 'AccessDenied'],
]

/** The writer of the gateway's policy has to be allowed to read what he puts under `2026/`. */
export async function playBoto3(t: Test, test: TestGateway): Promise<void> {
  const files = await writeIdentity(test, 'writer')
  const { stdout } = await promisify(execFile)(
    toolPath('boto3', 'bin', 'python'),
    [SCRIPT, `${test.origin}/aws/s3`, files.ca, files.cert, files.key],
    {
      timeout: PLAY_MS,
      env: { PATH: process.env['PATH'] ?? '', AWS_EC2_METADATA_DISABLED: 'true' },
    },
  )
  const steps = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Step)
  const denied = new Map(DENIALS)

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
}
