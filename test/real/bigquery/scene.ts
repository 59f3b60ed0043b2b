// A project with a dataset that the researcher may read, one that nobody may, and a neighbour's
// project: in bqemulator, behind the strict stand-in of Google.

import type { Test } from 'tap'
import { createDevTrustDomain } from '../../../gateway/spiffe/dev-ca.ts'
import { startBqEmulator, type BqEmulator, type Inventory } from '../../support/bqemulator.ts'
import { startStrictGoogle, type StrictGoogle } from '../../support/google/strict-google.ts'
import { startTableReader } from '../../support/google/table-reader.ts'

export const PROJECT = 'acme-data'
export const NEIGHBOUR = 'other-data'
export const LOCATION = 'EU'
export const PROVIDER =
  '//iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/agents/providers/svidgate'
export const ISSUER = 'https://oidc.example.org'

export const TABLES: Inventory = {
  [`${PROJECT}.sales.orders`]: 2,
  [`${PROJECT}.payroll.salaries`]: 1,
  [`${NEIGHBOUR}.finance.ledger`]: 1,
}

export interface BigQueryScene {
  readonly google: StrictGoogle
  readonly emulator: BqEmulator
  /** PEM: the CA of both of Google's servers. */
  readonly ca: string
  /** Every table there is, with its rows: what was lost shows. */
  tables(): Promise<Inventory>
}

/** @param jwks the issuer's keys, asked for at every exchange */
export async function openBigQueryScene(
  t: Test,
  jwks: () => Promise<unknown>,
): Promise<BigQueryScene> {
  const now = (): number => Date.now()
  const web = createDevTrustDomain({ trustDomain: 'google.example.org', now: now() })
  const certificate = web.issueServerCertificate({ names: ['localhost', '127.0.0.1'] })
  const emulator = await startBqEmulator()
  t.teardown(() => emulator.stop())
  for (const dataset of ['sales', 'payroll']) await emulator.createDataset(PROJECT, dataset)
  await emulator.createDataset(NEIGHBOUR, 'finance')
  await emulator.run(PROJECT, [
    'CREATE TABLE sales.orders (id INT64, customer STRING, amount INT64)',
    "INSERT INTO sales.orders VALUES (1, 'ada', 10), (2, 'bob', 20)",
    'CREATE TABLE payroll.salaries (name STRING, amount INT64)',
    "INSERT INTO payroll.salaries VALUES ('eve', 30)",
  ])
  await emulator.run(NEIGHBOUR, [
    'CREATE TABLE finance.ledger (entry STRING)',
    "INSERT INTO finance.ledger VALUES ('x')",
  ])
  const tables = startTableReader()
  t.teardown(() => tables.stop())
  const google = await startStrictGoogle({
    issuer: ISSUER,
    provider: PROVIDER,
    jwks,
    now,
    tls: { key: certificate.keyPem, cert: certificate.certPem },
    emulator,
    tables,
  })
  t.teardown(() => google.close())
  return {
    google,
    emulator,
    ca: certificate.caPem,
    tables: () => emulator.inventory([PROJECT, NEIGHBOUR]),
  }
}
