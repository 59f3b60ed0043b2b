// Plays refusals against a whole gateway and checks of each what every refusal promises: its code,
// its status, the error name of the dialect, nothing at the cloud, and a decision and an outcome
// that say so.

import { S3ServiceException } from '@aws-sdk/client-s3'
import type { Test } from 'tap'
import type { Code } from '../../gateway/errors.ts'
import { RawConnection } from './raw-connection.ts'
import { startTestGateway, type TestGateway, type TestGatewayOptions } from './running-gateway.ts'
import { verdictOf, type AuditRecord } from './verdicts.ts'

/** Status, the error's name in the dialect, our code. */
export type Answer = `${number} ${string} ${Code}`

/** What the agent's side saw. */
export interface SeenRefusal {
  readonly answer: string
  readonly decisionId: string
}

export interface RefusalRow {
  readonly id: string
  readonly send: (test: TestGateway) => Promise<SeenRefusal>
  readonly answer: Answer
  /** Calls of STS on the way; default none. */
  readonly stsCalls?: number
  /** The decision was an allow: what failed came after it. */
  readonly wasAllowed?: boolean
  /** The decision could not be recorded. */
  readonly isUnrecorded?: boolean
}

export async function playRefusals(
  t: Test,
  options: TestGatewayOptions,
  rows: readonly RefusalRow[],
  between: (test: TestGateway, row: RefusalRow) => void = () => undefined,
): Promise<TestGateway> {
  const test = await startTestGateway(options)
  t.teardown(() => test.close())
  const seen: { row: RefusalRow; refusal: SeenRefusal }[] = []
  for (const row of rows) {
    between(test, row)
    const before = traffic(test)
    const refusal = await row.send(test)
    t.equal(refusal.answer, row.answer, row.id)
    const { sts, ...s3 } = traffic(test)
    t.same(s3, { s3: before.s3, s3Connections: before.s3Connections }, `${row.id}: no byte at S3`)
    t.equal(sts - before.sts, row.stsCalls ?? 0, `${row.id}: calls of STS`)
    seen.push({ row, refusal })
  }
  const records = await test.stop()
  for (const { row, refusal } of seen) checkRecords(t, row, refusal, records)
  return test
}

function traffic({ cloud }: TestGateway): { s3: number; s3Connections: number; sts: number } {
  const count = (name: string): number =>
    cloud.requests.filter(({ service }) => service === name).length
  return { s3: count('s3'), s3Connections: cloud.connections.s3, sts: count('sts') }
}

function checkRecords(
  t: Test,
  row: RefusalRow,
  { decisionId }: SeenRefusal,
  records: readonly AuditRecord[],
): void {
  const { decisions, outcomes, isInOrder } = verdictOf(records, decisionId)
  if (row.isUnrecorded === true) {
    t.equal(decisions.length, 0, `${row.id}: not recorded`)
    return
  }
  const [status, , code] = row.answer.split(' ')
  const result = row.wasAllowed === true ? { allow: true } : { allow: false, code }
  t.match(decisions, [{ result }], `${row.id}: decision`)
  t.match(outcomes, [{ end: 'refused', code, status: Number(status) }], `${row.id}: outcome`)
  t.equal(decisions.length + outcomes.length, 2, `${row.id}: one of each`)
  t.ok(isInOrder, `${row.id}: the decision first`)
}

/** Waits for what an SDK call is refused with. */
export async function sdkRefusal(sent: Promise<unknown>): Promise<SeenRefusal> {
  try {
    await sent
  } catch (error) {
    if (!(error instanceof S3ServiceException)) throw error
    return {
      answer: `${error.$metadata.httpStatusCode} ${error.name} ${codeIn(error.message)}`,
      decisionId: error.$response?.headers['x-svidgate-decision-id'] ?? '',
    }
  }
  throw new Error('it was not refused')
}

/** Sends bytes over a connection of its own. */
export async function rawRefusal(
  test: TestGateway,
  role: string,
  bytes: string,
): Promise<SeenRefusal> {
  const connection = new RawConnection(await test.connect(test.svid(role)))
  connection.write(bytes)
  const { status, headers, body } = await connection.answer()
  connection.socket.destroy()
  const text = body.toString('utf8')
  const named = /<Code>([^<]*)</.exec(text) ?? /"code":"([^"]*)"/.exec(text)
  const name = named?.[1] ?? headers.get('x-amzn-errortype')
  return {
    answer: `${status} ${name} ${codeIn(text)}`,
    decisionId: headers.get('x-svidgate-decision-id') ?? '',
  }
}

function codeIn(text: string): string | undefined {
  return /ERR_SG_[A-Z_]+/.exec(text)?.[0]
}

export type RawRow = readonly [id: string, bytes: string, answer: Answer]

/** Each sent by a writer over a connection of its own. */
export function rawRows(rows: readonly RawRow[]): RefusalRow[] {
  return rows.map(([id, bytes, answer]) => ({
    id,
    send: (test) => rawRefusal(test, 'writer', bytes),
    answer,
  }))
}

/** A head as an S3 SDK would begin it, with the given lines behind. */
export function s3Head(requestLine: string, ...lines: readonly string[]): string {
  const scope = 'AKIDPLACEHOLDER/20261123/eu-west-1/s3/aws4_request'
  return [
    `${requestLine} HTTP/1.1`,
    'host: localhost',
    `authorization: AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=00`,
    ...lines,
    '\r\n',
  ].join('\r\n')
}
