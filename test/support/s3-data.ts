// The committed tables of test/conformance/s3, read as what their capture scripts write.

import { readFileSync } from 'node:fs'
import type { MessageHead } from '../../gateway/request/message.ts'
import type { HeaderLine } from '../../gateway/request/message.ts'

// From dist/test/support/ to the source tree, where data stays.
const DATA = new URL('../../../test/conformance/s3/', import.meta.url)

function read(name: string): Record<string, unknown[]> {
  return JSON.parse(readFileSync(new URL(name, DATA), 'utf8')) as Record<string, unknown[]>
}

export interface Boto3Request {
  readonly operation: string
  readonly style: 'path' | 'virtual'
  readonly arguments: {
    readonly Bucket?: string
    readonly Key?: string
    readonly VersionId?: string
    readonly Prefix?: string
    readonly CopySource?: string
  }
  readonly head: MessageHead
  readonly body: Buffer
}

interface Boto3Row extends Omit<Boto3Request, 'head' | 'body'> {
  readonly method: string
  readonly target: string
  readonly headers: readonly HeaderLine[]
  readonly body_base64: string
}

export function readBoto3Requests(): Boto3Request[] {
  const rows = read('boto3-requests.json')['requests'] as Boto3Row[]
  return rows.map(({ method, target, headers, body_base64, ...row }) => ({
    ...row,
    head: { method, target, version: '1.1', headers },
    body: Buffer.from(body_base64, 'base64'),
  }))
}

export interface BotocoreOperation {
  readonly name: string
  readonly method: string
  readonly uri: string
  readonly deprecated: boolean
}

export function readBotocoreOperations(): BotocoreOperation[] {
  return read('botocore-operations.json')['operations'] as BotocoreOperation[]
}

export interface IamAction {
  readonly name: string
  readonly level: string
  readonly resources: readonly string[]
}

export function readIamActions(): IamAction[] {
  return read('iam-actions.json')['actions'] as IamAction[]
}
