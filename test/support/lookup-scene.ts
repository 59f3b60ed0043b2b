// The pipeline with a query before it: a researcher, a policy that asks for what is pending and then
// allows sales, a cloud that answers dry runs.

import { ok } from '../../gateway/util/result.ts'
import { dryRunAnswer, type BigQueryRequest, type DryRun } from './bigquery.ts'
import type { FakeExchange } from './fake-exchange.ts'
import { peer } from './peers.ts'
import { answering, type Asked, PipelineScene, type SceneOptions } from './pipeline-scene.ts'
import { gcpCredential } from './shaped.ts'

export const SELECT = 'SELECT SUM(amount) FROM sales.orders'
export const RESEARCHER = 'spiffe://example.org/agent/acme/data-crew/researcher'
export const PEER = peer({ spiffeId: RESEARCHER, role: 'researcher' })

export interface JudgedInput {
  readonly operation: { readonly pending: readonly string[]; readonly complete: boolean }
  readonly targets: readonly { readonly type: string; readonly container: string }[]
}

/** Of the decision that asks. */
export const SAID = { reasons: ['asked'], alternatives: ['SELECT from sales'] }

/** Asks for what is pending; then allows sales, and says more in a denial than it should. */
export function policy(input: unknown) {
  const { operation, targets } = input as JudgedInput
  if (operation.pending.length > 0) return ok({ allow: false, needs: operation.pending, ...SAID })
  const foreign = targets.filter(
    ({ type, container }) => type === 'table' && container !== 'acme-data.sales',
  )
  return ok(
    foreign.length === 0
      ? { allow: true, reasons: ['reads_sales'], obligations: { max_bytes_billed: 5 } }
      : { allow: false, reasons: ['foreign_table_exists'], alternatives: ['leak'] },
  )
}

export function answered(dryRun?: DryRun): Promise<Asked> {
  return Promise.resolve(ok({ status: 200, body: dryRunAnswer(dryRun) }))
}

export function lookupScene(options: SceneOptions = {}): PipelineScene {
  return new PipelineScene({
    policy,
    candidates: ['gcp-data'],
    obtain: ({ name }) => Promise.resolve(ok(gcpCredential({ name }))),
    lookupCloud: () => answered(),
    cloud: answering(200, [], '{"rows":[]}'),
    ...options,
  })
}

export function runQuery(
  scene: PipelineScene,
  { head, body }: BigQueryRequest,
): Promise<FakeExchange> {
  return scene.run(head, { body, peer: PEER })
}

/** Turns of the event loop until the scene has come that far. */
export async function untilStep(scene: PipelineScene, step: string): Promise<void> {
  while (!scene.steps.includes(step)) await new Promise(setImmediate)
}
