// The data files of the BigQuery conformance tests.

import type { HeaderLine, MessageHead } from '../../gateway/request/message.ts'
import { readTestJson } from './test-data.ts'

export interface ExpectedFacts {
  readonly action: string
  readonly access: string
  /** Type and full name of each. */
  readonly targets: readonly string[]
  readonly complete?: boolean
  readonly pending?: readonly string[]
  readonly account?: string
  readonly region?: string
  readonly kind?: string
  readonly features?: readonly string[]
}

export interface WrittenRequest {
  readonly id: string
  readonly method: string
  /** Below the service's prefix. */
  readonly path: string
  readonly headers?: readonly HeaderLine[]
  /** A text as it stands, anything else as JSON. */
  readonly body?: unknown
  readonly expect?: ExpectedFacts
  readonly refused?: { readonly code: string; readonly rule: string }
}

export interface PythonRequest {
  /** What was called, as scripts/capture-python-bigquery.py names it. */
  readonly call: string
  /** Of the requests that the call sends, from nought. */
  readonly step: number
  readonly head: MessageHead
  readonly body: Buffer
}

export interface DiscoveryMethod {
  readonly id: string
  readonly verb: string
  readonly path: string
  readonly takesBody: boolean
  readonly query: Readonly<Record<string, { type: string; enum: readonly string[] }>>
}

export function readWrittenRequests(): readonly WrittenRequest[] {
  return (read('requests.json') as { requests: readonly WrittenRequest[] }).requests
}

export function readDiscoveryMethods(): readonly DiscoveryMethod[] {
  return (read('discovery-methods.json') as { methods: readonly DiscoveryMethod[] }).methods
}

export function readPythonRequests(): readonly PythonRequest[] {
  const { requests } = read('python-requests.json') as { requests: readonly CapturedRow[] }
  return requests.map(({ call, step, method, target, headers, body_base64 }) => {
    const body = Buffer.from(body_base64, 'base64')
    const length: HeaderLine[] =
      body.length > 0 || method === 'POST' ? [['content-length', String(body.length)]] : []
    const head = { method, target, version: '1.1', headers: [...headers, ...length] }
    return { call, step, head, body }
  })
}

interface CapturedRow {
  readonly call: string
  readonly step: number
  readonly method: string
  readonly target: string
  readonly headers: readonly HeaderLine[]
  readonly body_base64: string
}

function read(file: string): unknown {
  return readTestJson(`conformance/bigquery/${file}`)
}
