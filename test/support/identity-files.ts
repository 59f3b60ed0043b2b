// An agent's identity as files, for clients that are programs of their own.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestGateway } from './running-gateway.ts'

export interface IdentityFiles {
  /** What the client trusts of servers. */
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export async function writeIdentity(test: TestGateway, role: string): Promise<IdentityFiles> {
  const svid = test.svid(role)
  const files = {
    ca: join(test.dir, 'web-ca.pem'),
    cert: join(test.dir, `${role}.pem`),
    key: join(test.dir, `${role}.key.pem`),
  }
  await writeFile(files.ca, test.webCaPem)
  await writeFile(files.cert, svid.certPem)
  await writeFile(files.key, svid.keyPem, { mode: 0o600 })
  return files
}
