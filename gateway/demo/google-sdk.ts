// The real @google-cloud/bigquery with google-auth-library's PassThroughClient, loaded when the demo
// runs: both are development dependencies, and a gateway that serves needs no SDK. Only the little
// that the demo uses is described here, and it is checked when loaded.

import { CliError } from '../cli/command.ts'
import { memberOf } from './agent-access.ts'
import type { AgentAccess, SdkError } from './agent-access.ts'

const PACKAGES = ['@google-cloud/bigquery', 'google-auth-library'] as const
const INSTALL = `npm install --no-save ${PACKAGES.join(' ')}`

/** Of the SDK's own options, those that the demo uses. */
interface QueryOptions {
  readonly query: string
  readonly params?: Readonly<Record<string, string>>
  readonly types?: Readonly<Record<string, string>>
}

/** What an agent asks of BigQuery, as data: it crosses to the agent's own thread. */
export type BigQueryCall =
  /** `bigquery.query()` */
  | { readonly kind: 'query'; readonly options: QueryOptions }
  /** `bigquery.createQueryJob()` and then `job.getQueryResults()` */
  | {
      readonly kind: 'job'
      readonly options: QueryOptions
      readonly destination?: { readonly dataset: string; readonly table: string }
    }

type Call = (...args: readonly unknown[]) => unknown

function method(target: unknown, name: string): Call {
  const found = memberOf(target, name)
  if (typeof found !== 'function') throw new TypeError(`the Google SDK has no ${name}()`)
  return (...args) => Reflect.apply(found, target, args) as unknown
}

function construct(exports: unknown, name: string, args: readonly unknown[]): unknown {
  const maker = memberOf(exports, name)
  if (typeof maker !== 'function') throw new TypeError(`the Google SDK has no ${name}`)
  return Reflect.construct(maker, args) as unknown
}

/** Throws CliError where the SDK is missing; loads nothing. */
export function requireGoogleSdk(): void {
  for (const name of PACKAGES) {
    try {
      import.meta.resolve(name)
    } catch (error) {
      const isMissing =
        error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
      if (!isMissing) throw error
      throw new CliError(
        2,
        `the demo plays with the real Google SDK, and ${name} is not installed`,
        `install it and try again: ${INSTALL}`,
      )
    }
  }
}

/**
 * The agent's client. The SDK makes one HTTPS agent a process, with the first client's certificate:
 * so there is one client a thread.
 */
export async function createBigQuery(access: AgentAccess, projectId: string): Promise<unknown> {
  const [bigquery, auth]: readonly unknown[] = await Promise.all(
    PACKAGES.map(async (name): Promise<unknown> => import(name)),
  )
  const client = construct(bigquery, 'BigQuery', [
    {
      projectId,
      apiEndpoint: `${access.baseOrigin}/gcp/bigquery`,
      // No credential at all: what the gateway adds, the agent never sees.
      authClient: construct(auth, 'PassThroughClient', []),
    },
  ])
  const pool = {
    ca: access.caPem,
    family: 4,
    ...(access.svid === undefined ? {} : { cert: access.svid.certPem, key: access.svid.keyPem }),
  }
  const request = (options: object): object => ({ ...options, pool })
  method(memberOf(client, 'interceptors'), 'push')({ request })
  return client
}

/** The rows of the answer. Rejects with the SDK's own error. */
export async function callBigQuery(client: unknown, call: BigQueryCall): Promise<number> {
  if (call.kind === 'query') return count(await method(client, 'query')(call.options))
  const { destination, options } = call
  const table =
    destination === undefined
      ? undefined
      : method(method(client, 'dataset')(destination.dataset), 'table')(destination.table)
  const asked = { ...options, ...(table === undefined ? {} : { destination: table }) }
  const created: unknown = await method(client, 'createQueryJob')(asked)
  const job: unknown = Array.isArray(created) ? created[0] : undefined
  return count(await method(job, 'getQueryResults')())
}

function count(answer: unknown): number {
  const rows: unknown = Array.isArray(answer) ? answer[0] : undefined
  if (!Array.isArray(rows)) throw new TypeError("the SDK's answer has no rows")
  return rows.length
}

export function readGoogleError(error: unknown): SdkError {
  const code = memberOf(error, 'code')
  const errors = memberOf(error, 'errors')
  const reason = memberOf(Array.isArray(errors) ? errors[0] : undefined, 'reason')
  return {
    name: error instanceof Error ? error.constructor.name : 'Error',
    message: error instanceof Error ? error.message : String(error),
    status: typeof code === 'number' ? code : undefined,
    requestId: undefined,
    code: typeof code === 'string' ? code : undefined,
    reason: typeof reason === 'string' ? reason : undefined,
  }
}
