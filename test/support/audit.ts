// Events, keys and directories for tests of the audit log, and a reader of records that shares
// nothing with the code under test but JSON itself.

import { canonicalJson } from '../../gateway/audit/canonical.ts'
import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { auditSigner } from '../../gateway/audit/audit-key.ts'
import type { AuditSigner } from '../../gateway/audit/chain.ts'
import type { DecisionEvent, LookupEvent, OutcomeEvent } from '../../gateway/audit/event.ts'
import { openFileSink } from '../../gateway/audit/file-sink.ts'
import type { FileSinkOptions } from '../../gateway/audit/file-sink-options.ts'
import type { AuditLog } from '../../gateway/audit/event.ts'
import { ManualTime } from './manual-time.ts'

export function decisionEvent(id: string, fields: Partial<DecisionEvent> = {}): DecisionEvent {
  return {
    type: 'decision',
    decision_id: id,
    path: 'svidgate/authz/decision',
    input: '{"action":"PutObject","now":{"ns":1795456800123000001},"role":"writer"}',
    result: { allow: true, reasons: ['writer_puts_reports'], obligations: ['session_policy'] },
    bundles: { authz: { revision: 'r1' } },
    timestamp: '2026-11-23T18:00:00.123Z',
    metrics: { gateway_us: 41, policy_us: 23 },
    labels: { version: 'svidgate/0.0.0', id: 'gw-1' },
    generation: 1,
    spiffe_id: 'spiffe://example.org/agent/acme/data-crew/writer',
    request: { method: 'PUT', path: '/aws/s3/reports/2026/q1.csv' },
    facts: canonicalJson({
      service: 'aws_s3',
      action: 'PutObject',
      operation: {
        provider: 'aws',
        service: 's3',
        name: 's3.PutObject',
        access: 'write',
        complete: true,
        pending: [],
        permissions: [{ action: 's3:PutObject', resource: 'arn:aws:s3:::reports/2026/q1.csv' }],
      },
      targets: [
        {
          type: 'object',
          access: 'write',
          name: 'arn:aws:s3:::reports/2026/q1.csv',
          container: 'reports',
          path: '2026/q1.csv',
          bucket: 'reports',
          key: '2026/q1.csv',
        },
      ],
      region: 'eu-west-1',
    }),
    credential: {
      name: 'aws-data',
      kind: 'aws-web-identity',
      session: 'svidgate-writer',
      expires: '2026-11-23T18:15:00Z',
    },
    ...fields,
  }
}

export function lookupEvent(id: string, fields: Partial<LookupEvent> = {}): LookupEvent {
  return {
    type: 'lookup',
    decision_id: id,
    fact: 'sql.dry_run',
    timestamp: '2026-11-23T18:00:00.100Z',
    generation: 1,
    spiffe_id: 'spiffe://example.org/agent/acme/data-crew/researcher',
    request: { method: 'POST', path: '/bigquery/v2/projects/acme-data/jobs', bytes: 120 },
    upstream: { host: 'bigquery.googleapis.com' },
    credential: {
      name: 'gcp-data',
      kind: 'gcp-workload-identity',
      session: 'principal://researcher',
      expires: '2026-11-23T19:00:00.000Z',
    },
    ...fields,
  }
}

export function outcomeEvent(id: string, fields: Partial<OutcomeEvent> = {}): OutcomeEvent {
  return {
    type: 'outcome',
    decision_id: id,
    timestamp: '2026-11-23T18:00:00.456Z',
    upstream: {
      host: 's3.eu-west-1.amazonaws.com',
      status: 200,
      request_id: 'A1B2',
      bytes_in: 0,
      bytes_out: 1024,
    },
    status: 200,
    end: 'complete',
    metrics: { upstream_us: 12000 },
    ...fields,
  }
}

export interface TestKey {
  readonly signer: AuditSigner
  readonly publicKey: KeyObject
}

export function testKey(): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return { signer: auditSigner(privateKey), publicKey }
}

/** A directory that goes away with the test. */
export function temporaryDirectory(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'svidgate-audit-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

export interface TestSink {
  readonly log: AuditLog
  readonly time: ManualTime
  readonly key: TestKey
}

export async function testSink(
  t: Test,
  options: Partial<FileSinkOptions> & { readonly dir: string },
  key: TestKey = testKey(),
): Promise<TestSink> {
  const time = new ManualTime()
  const log = await openFileSink({
    fsync: 'none',
    signer: key.signer,
    software: 'svidgate/0.0.0',
    clock: time,
    timers: time,
    newId: randomUUID,
    ...options,
    // Time stands still in most tests, and a pause would never end.
    limits: { gatherMs: 0, ...options.limits },
  })
  t.teardown(() => log.close().catch(() => undefined))
  return { log, time, key }
}

export function auditFiles(dir: string): string[] {
  return readdirSync(dir).sort()
}

export type ReadRecord = Record<string, unknown> & { readonly type: string; readonly hash: string }

/** A file's lines, parsed. */
export function readRecords(dir: string, file: string): ReadRecord[] {
  const text = readFileSync(join(dir, file), 'utf8')
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as ReadRecord)
}

/** All lines of a gateway's records, as they lie on the disk at this moment; `dir`: its own. */
export function auditLines(dir: string): string[] {
  const records = join(dir, 'state/audit')
  return auditFiles(records).flatMap((file) =>
    readFileSync(join(records, file), 'utf8').split('\n').slice(0, -1),
  )
}

/** All records of a directory in the order of its files. */
export function readAllRecords(dir: string): ReadRecord[] {
  return auditFiles(dir).flatMap((file) => readRecords(dir, file))
}

/** The hash of a line as an outsider computes it: the text with the hash member cut out. */
export function hashOfLine(line: string): string {
  const unhashed = line.replace(/"hash":"[0-9a-f]{64}",(?="[^"]+":)/, '')
  return createHash('sha256').update(unhashed).digest('hex')
}
