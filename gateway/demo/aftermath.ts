// What the sandbox clouds look like after the scenario: which tables changed, what was exported, and
// where each credential that they issued was presented. Read from the clouds themselves: no word of
// the gateway counts here.

import { PROJECT } from './demo-config.ts'
import { rowKey } from './google/sql/values.ts'
import type { SandboxGoogle } from './sandbox-google.ts'
import type { RequestLog } from './sandbox/request-log.ts'
import type { SandboxService } from './sandbox/service.ts'

/** By `dataset.table`: equal texts are equal contents. */
export type TableContents = ReadonlyMap<string, string>

export function contentsOf(google: SandboxGoogle): TableContents {
  return new Map(
    google.tables().map((name) => {
      const [dataset = '', table = ''] = name.split('.')
      return [name, JSON.stringify((google.rows(dataset, table) ?? []).map((row) => rowKey(row)))]
    }),
  )
}

/** One line for each thing that is not as it was; the scenario may change nothing in BigQuery. */
export function changesSince(before: TableContents, google: SandboxGoogle): readonly string[] {
  const after = contentsOf(google)
  const changes: string[] = []
  for (const [name, content] of before) {
    const now = after.get(name)
    if (now === undefined) changes.push(`the table ${PROJECT}.${name} is gone`)
    else if (now !== content) changes.push(`the table ${PROJECT}.${name} was changed`)
  }
  for (const name of after.keys()) {
    if (!before.has(name)) changes.push(`the table ${PROJECT}.${name} was made`)
  }
  for (const { uri, rows } of google.exports) {
    changes.push(`${rows.length} rows were exported to ${uri}`)
  }
  return changes
}

export interface CredentialUse {
  /** `access token 1 of principal://…` */
  readonly name: string
  /** Requests that carried it, for each service that saw one. */
  readonly seenBy: ReadonlyMap<SandboxService, number>
  /** Requests that carried it to a service that it is not for. */
  readonly strayed: number
}

export function credentialUses(log: RequestLog): readonly CredentialUse[] {
  return log.secrets.issued.map((issued) => {
    const seenBy = new Map<SandboxService, number>()
    let strayed = 0
    for (const { service, carries } of log.requests) {
      if (!carries.includes(issued)) continue
      seenBy.set(service, (seenBy.get(service) ?? 0) + 1)
      if (!issued.doors.includes(service)) strayed += 1
    }
    return { name: issued.name, seenBy, strayed }
  })
}
