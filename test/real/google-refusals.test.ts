// google-cloud-bigquery for Python as the reader of our refusals: the message in full, in the error
// class that programs catch, after one request; and what passes is tried again.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import type { Code } from '../../gateway/errors.ts'
import { renderRefusal } from '../../gateway/respond/answer.ts'
import type { RefusalContext } from '../../gateway/respond/refusal-answer.ts'
import { refusalMessage } from '../../gateway/respond/text.ts'
import { toolsDirectory } from '../../scripts/tools/specification.ts'
import { startRefusingServer } from '../support/refusing-server.ts'

const PYTHON = join(toolsDirectory(), 'google-cloud-bigquery-3.47.0/bin/python')
const SCRIPT = join(import.meta.dirname, '../../../test/real/bigquery_refusals.py')

interface Call {
  readonly call: string
  readonly requests: number
  readonly error?: string
  readonly status?: number
  readonly message?: string
  readonly errors?: readonly { readonly reason: string; readonly message: string }[]
}

function contextOf(code: Code): RefusalContext {
  return {
    code,
    decisionId: '0190a3b4-0000-7000-8000-000000000001',
    role: 'researcher',
    operation: 'bigquery.jobs.insert',
    resource: 'projects/p/<datasets> & "tables" \u00fc \u{1F600}',
    reasons: ['no_grant'],
    alternatives: ['sales.orders_public'],
    isHead: false,
    now: Date.now(),
  }
}

/** Every answer refuses: with `first` alone where there is one, then with `code`. */
async function play(code: Code, first?: Code): Promise<readonly Call[]> {
  let isFirst = true
  const server = await startRefusingServer(() => {
    const told = isFirst ? (first ?? code) : code
    isFirst = false
    return renderRefusal('google', contextOf(told))
  })
  try {
    const endpoint = `${server.origin}/gcp/bigquery`
    const { stdout } = await promisify(execFile)(PYTHON, [SCRIPT, endpoint], {
      timeout: 120_000,
      env: { PATH: process.env['PATH'] ?? '', NO_GCE_CHECK: 'true' },
    })
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Call)
  } finally {
    await server.close()
  }
}

const REFUSED: readonly (readonly [code: Code, error: string, status: number, reason: string])[] = [
  ['ERR_SG_DENIED', 'Forbidden', 403, 'accessDenied'],
  ['ERR_SG_CREDENTIAL_CONFIG', 'Forbidden', 403, 'accessDenied'],
  ['ERR_SG_REQUEST_TARGET', 'BadRequest', 400, 'invalid'],
  ['ERR_SG_REQUEST_UNSUPPORTED', 'MethodNotImplemented', 501, 'notImplemented'],
]

for (const [code, error, status, reason] of REFUSED) {
  t.test(`${code} is ${error}, in full, after one request`, async (t) => {
    const calls = await play(code)
    t.equal(calls.length, 7)
    const message = refusalMessage(contextOf(code))
    for (const call of calls) {
      t.match(call, { error, status, requests: 1, errors: [{ reason, message }] }, call.call)
      t.ok(call.message?.includes(message), `${call.call}: ${call.message ?? ''}`)
    }
  })
}

t.test('what passes is tried again by itself', async (t) => {
  for (const first of ['ERR_SG_OVERLOADED', 'ERR_SG_CREDENTIAL_UNAVAILABLE'] as const) {
    const [query] = await play('ERR_SG_DENIED', first)
    t.match(query, { call: 'query', error: 'Forbidden', requests: 2 }, first)
  }
})
