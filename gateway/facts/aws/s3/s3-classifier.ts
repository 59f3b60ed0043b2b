// Amazon S3: facts of one request, in the order of the questions: which operation, how its payload
// is stated, what it touches. The account stays absent: bucket names are global, and a request does
// not show whose bucket it names (x-amz-expected-bucket-owner only says what the client hopes).

import type { Refusal } from '../../../errors.ts'
import type { Route } from '../../../routing/route.ts'
import { ok, type Result } from '../../../util/result.ts'
import type { CatalogueEntry, Classifier } from '../../classifier.ts'
import type { FactsFields } from '../../facts.ts'
import type { RequestView } from '../../request-view.ts'
import { partitionOf } from '../partition.ts'
import { DELETE_LIST_BYTES, RESTORE_REQUEST_BYTES } from './inspected-body.ts'
import { S3_OPERATIONS } from './operation-index.ts'
import { S3_OPERATION_RULES, S3_SEEN_AS } from './operation-rules.ts'
import { payloadModeOf } from './payload-mode.ts'
import { recognise } from './recognise.ts'
import { touchedBy } from './touched.ts'

const NOTHING_PENDING: readonly string[] = Object.freeze([])

function classifyS3(route: Route, view: RequestView): Result<FactsFields, Refusal> {
  const recognised = recognise(view)
  if (!recognised.ok) return recognised
  const { model, rule } = recognised.value.operation
  const payload = payloadModeOf(view, rule.inspect !== undefined)
  if (!payload.ok) return payload
  const touched = touchedBy(recognised.value, view, partitionOf(route.region))
  if (!touched.ok) return touched
  const { access, targets, permissions } = touched.value
  return ok({
    service: route.service,
    action: model.name,
    operation: {
      provider: 'aws',
      service: 's3',
      name: `s3.${model.name}`,
      access,
      complete: true,
      pending: NOTHING_PENDING,
      permissions,
    },
    targets,
    account: undefined,
    region: route.region,
    payloadMode: payload.value,
  })
}

function inspectLimit(view: RequestView): number | undefined {
  // Both inspected operations are POSTs; nothing else pays for a second look.
  if (view.method !== 'POST') return undefined
  const recognised = recognise(view)
  if (!recognised.ok) return undefined
  const { inspect } = recognised.value.operation.rule
  if (inspect === undefined) return undefined
  return inspect === 'delete-list' ? DELETE_LIST_BYTES : RESTORE_REQUEST_BYTES
}

function listCatalogue(): CatalogueEntry[] {
  const entries = S3_OPERATIONS.map(({ model, rule }) => {
    const entry = entryOf(model.name, rule.access)
    return rule.refused === undefined ? entry : { ...entry, refused: rule.refused }
  })
  for (const [name, seenAs] of Object.entries(S3_SEEN_AS)) {
    entries.push({ ...entryOf(name, S3_OPERATION_RULES[seenAs]?.access ?? 'unknown'), seenAs })
  }
  return entries.sort((a, b) => (a.action < b.action ? -1 : 1))
}

function entryOf(action: string, access: CatalogueEntry['access']): CatalogueEntry {
  return { service: 'aws_s3', action, name: `s3.${action}`, access }
}

export const s3Classifier: Classifier = {
  inspectLimit,
  classify: classifyS3,
  catalogue: listCatalogue(),
}
