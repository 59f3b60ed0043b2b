// The program test/real/bigquery_client.py before an endpoint that wants a client certificate.

import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { IdentityFiles } from '../identity-files.ts'
import { repositoryRoot } from '../test-data.ts'
import { toolPath } from '../tools.ts'

export interface BigQueryStep {
  readonly step: string
  readonly ok: boolean
  readonly result?: unknown
  /** Class of the library's exception. */
  readonly error?: string
  readonly status?: number
  readonly message?: string
  readonly reasons?: readonly string[]
  /** Method and path of each request that was sent for it. */
  readonly requests: readonly string[]
}

export interface BigQueryProgramOptions {
  /** `https://localhost:<port>/gcp/bigquery` */
  readonly endpoint: string
  readonly project: string
  readonly location: string
  readonly identity: IdentityFiles
  /** For the file that names the certificate. */
  readonly dir: string
  /** Default: all that the program has. */
  readonly steps?: readonly string[]
}

const PLAY_MS = 120_000

/** @returns the steps by their names */
export async function playBigQuery(
  options: BigQueryProgramOptions,
): Promise<ReadonlyMap<string, BigQueryStep>> {
  const { identity, dir } = options
  const config = join(dir, 'certificate-config.json')
  const workload = { cert_path: identity.cert, key_path: identity.key }
  await writeFile(config, JSON.stringify({ cert_configs: { workload } }))
  const { stdout } = await promisify(execFile)(
    toolPath('google-cloud-bigquery', 'bin/python'),
    [
      join(repositoryRoot(), 'test/real/bigquery_client.py'),
      options.endpoint,
      options.project,
      options.location,
      ...(options.steps ?? []),
    ],
    {
      timeout: PLAY_MS,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: dir,
        GOOGLE_API_CERTIFICATE_CONFIG: config,
        REQUESTS_CA_BUNDLE: identity.ca,
      },
    },
  )
  const steps = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as BigQueryStep)
  return new Map(steps.map((step) => [step.step, step]))
}
