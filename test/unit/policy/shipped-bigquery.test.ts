// The researcher of the scenario that ships, on the committed bundle, from facts to decision: a query
// is looked up before it is allowed, and runs only over acme-data.sales. Judged twice each, as a
// whole and as the parts that the bundle says suffice.

import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { makeFacts, type Access, type Target } from '../../../gateway/facts/facts.ts'
import type { DryRunAnswer } from '../../../gateway/facts/lookups.ts'
import type { SqlFacts } from '../../../gateway/facts/sql-facts.ts'
import { readBundle } from '../../../gateway/policy/bundle/bundle.ts'
import { parseDecision } from '../../../gateway/policy/decision.ts'
import type { Decision } from '../../../gateway/policy/decision-types.ts'
import type { PolicyEngine } from '../../../gateway/policy/engine.ts'
import { compileInputReads } from '../../../gateway/policy/input-reads.ts'
import { NO_ZONES } from '../../../gateway/policy/input-time.ts'
import { buildPolicyInput } from '../../../gateway/policy/input.ts'
import { makeGatewayRequest } from '../../../gateway/request/gateway-request.ts'
import { makeRoute } from '../../../gateway/routing/route.ts'
import { peer } from '../../support/peers.ts'
import { engineOf, repositoryFile, UNSIGNED } from '../../support/policy.ts'

const bundle = readBundle(await repositoryFile('bundles/authz.tar.gz'), UNSIGNED)
const stated = bundle.ok ? bundle.value.manifest.input : undefined
if (stated === undefined) throw new Error('the bundle does not say what its rules refer to')
const READS = compileInputReads(stated.paths)
const engine: PolicyEngine = await engineOf('bundles/authz.tar.gz')

const PATH = '/bigquery/v2/projects/acme-data/queries'

interface Case {
  readonly role?: string
  readonly action?: string
  readonly access?: Access
  readonly complete?: boolean
  readonly pending?: readonly string[]
  readonly targets: readonly Target[]
  readonly sql?: Partial<SqlFacts> | undefined
}

function decide(one: Case): Decision {
  const { role = 'researcher', action = 'jobs.query', access = 'read', complete = true } = one
  const { pending = [], targets, sql } = one
  const input = buildPolicyInput({
    peer: peer({ spiffeId: `spiffe://example.org/agent/acme/data-crew/${role}`, role }),
    facts: makeFacts({
      service: 'gcp_bigquery',
      action,
      operation: {
        provider: 'gcp',
        service: 'bigquery',
        name: `bigquery.${action}`,
        access,
        complete,
        pending,
        permissions: [{ action: 'bigquery.jobs.create', resource: 'projects/acme-data' }],
      },
      targets,
      account: 'acme-data',
      region: 'EU',
      payloadMode: 'buffered',
      sql: sql === undefined ? undefined : { ...LEXED, ...sql },
    }),
    request: makeGatewayRequest({
      id: 'r',
      method: 'POST',
      host: 'gw.test',
      port: undefined,
      path: `/gcp/bigquery${PATH}`,
      query: [],
      headers: new Map(),
      framing: { kind: 'sized', length: 300 },
      expectsContinue: false,
    }),
    route: makeRoute({
      provider: 'gcp',
      service: 'gcp_bigquery',
      serviceId: 'bigquery',
      signingName: undefined,
      dialect: 'google',
      path: PATH,
      bucket: undefined,
      region: 'EU',
      upstream: { name: 'gcp_bigquery', origin: 'https://bq.test', authority: 'bq.test' },
    }),
    now: 1_795_456_800_123,
    candidates: ['gcp-data'],
    reads: READS,
    zones: NO_ZONES,
  })
  if (!input.ok) throw new Error(input.error.detail)
  const { text, judged, nowNs } = input.value
  const [whole, part] = [text, judged].map((each) => {
    const result = engine.evaluate('svidgate/authz/decision', { text: each, nowNs })
    if (!result.ok) throw new Error(result.error.detail)
    return parseDecision(result.value)
  })
  if (whole === undefined) throw new Error('no decision')
  if (!isDeepStrictEqual(whole, part)) throw new Error(`the parts decide otherwise: ${judged}`)
  return whole
}

const LEXED: SqlFacts = {
  dialect: 'googlesql',
  kind: 'SELECT',
  statements: 1,
  functions: ['SUM'],
  tableFunctions: [],
  unlistedFunctions: [],
  features: [],
  dryRun: undefined,
}

function query(access: Access = 'read', project = 'acme-data'): Target {
  const name = `projects/${project}`
  return { type: 'query', access, name, container: project, path: '', project }
}

function table(project: string, dataset: string, name: string): Target {
  return {
    type: 'table',
    access: 'read',
    name: `${project}.${dataset}.${name}`,
    container: `${project}.${dataset}`,
    path: name,
    project,
    dataset,
    table: name,
  }
}

function job(own: boolean): Target {
  const name = 'projects/acme-data/jobs/j'
  return { type: 'job', access: 'read', name, container: 'acme-data', path: 'j', job: 'j', own }
}

function answered(targets: readonly Target[], isWhole = true): Case {
  const references = targets.map(({ project = '', dataset = '', table: name = '' }) => ({
    project,
    dataset,
    table: name,
  }))
  const dryRun: DryRunAnswer = {
    statementType: 'SELECT',
    tables: references,
    routines: [],
    estimatedBytes: 1_048_576,
    isWhole,
  }
  return { targets: [query(), ...targets], sql: { dryRun }, complete: isWhole }
}

const ASKING: Case = { targets: [query()], pending: ['sql.dry_run'], sql: {} }
const HINT = ['SELECT from the tables of acme-data.sales']
const ORDERS = table('acme-data', 'sales', 'orders')

t.test('a query is first looked up, then allowed with a cap on its cost', (t) => {
  t.same(decide(ASKING), {
    kind: 'needs',
    needs: ['sql.dry_run'],
    credential: undefined,
    reasons: ['not_granted_or_not_found'],
    alternatives: HINT,
  })
  for (const action of ['jobs.query', 'jobs.insert']) {
    t.same(
      decide({ ...answered([ORDERS, table('acme-data', 'sales', 'items')]), action }),
      {
        kind: 'allow',
        reasons: ['researcher_reads_sales'],
        credential: undefined,
        obligations: { maxBytesBilled: 10_737_418_240 },
        alternatives: [],
      },
      action,
    )
  }
  t.end()
})

t.test('jobs are followed by who began them', (t) => {
  for (const action of ['jobs.get', 'jobs.getQueryResults']) {
    t.match(decide({ action, targets: [job(true)] }), {
      kind: 'allow',
      reasons: ['researcher_follows_own_jobs'],
    })
    t.match(decide({ action, targets: [job(false)] }), { kind: 'deny', alternatives: HINT })
  }
  t.match(
    decide({
      action: 'jobs.cancel',
      access: 'write',
      targets: [{ ...job(true), access: 'write' }],
    }).kind,
    'allow',
  )
  t.end()
})

const DENIED: readonly (readonly [id: string, one: Case, reasons: readonly string[]])[] = [
  ['a foreign dataset', answered([table('acme-data', 'hr', 'people')]), ['target_not_granted']],
  ['a foreign project', answered([table('other', 'sales', 'orders')]), ['target_not_granted']],
  [
    'a foreign dataset beside a granted one',
    answered([ORDERS, table('acme-data', 'hr', 'people')]),
    ['target_not_granted'],
  ],
  ['tables that may be cut off', answered([ORDERS], false), ['facts_incomplete']],
  [
    'incomplete facts before the dry run',
    { ...ASKING, complete: false },
    ['facts_incomplete', 'facts_pending'],
  ],
  [
    'another project’s bill',
    { ...ASKING, targets: [query('read', 'other')] },
    ['facts_pending', 'target_not_granted'],
  ],
  [
    'a DELETE',
    { targets: [query('write')], access: 'write', sql: { kind: 'DELETE' } },
    ['target_not_granted'],
  ],
  [
    'an external system',
    {
      ...ASKING,
      sql: {
        features: ['external'],
        tableFunctions: ['EXTERNAL_QUERY'],
        unlistedFunctions: ['EXTERNAL_QUERY'],
      },
    },
    ['facts_pending', 'sql_not_granted'],
  ],
  ['a text without facts', { ...ASKING, sql: undefined }, ['facts_pending', 'sql_not_granted']],
  ['a list of datasets', { action: 'datasets.list', targets: [query()] }, ['no_grant']],
]

t.test('everything else is denied, and nothing of it is looked up', (t) => {
  for (const [id, one, reasons] of DENIED) {
    t.match(decide(one), { kind: 'deny', code: 'ERR_SG_DENIED', reasons, alternatives: HINT }, id)
  }
  for (const role of ['writer', 'analyst', 'Researcher']) {
    t.match(decide({ ...ASKING, role }), { kind: 'deny', code: 'ERR_SG_DENIED' }, role)
  }
  t.end()
})
