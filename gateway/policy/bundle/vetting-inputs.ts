// Inputs to time a policy with before it may judge anything: requests of those subjects that have
// the most grants, and of somebody who has none.

import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../../util/json.ts'
import type { EvaluationInput } from '../engine.ts'

const MAX_INPUTS = 16
const INSTANT = '2026-11-23T10:00:00.000Z'
const INSTANT_NS = '1795428000000000000'

interface Sample {
  readonly subject: string
  readonly service: string
  readonly operation: string
  readonly type: string
  readonly container: string
  readonly grants: number
}

const STRANGER: Sample = {
  subject: 'nobody/nowhere/nothing',
  service: 'aws_s3',
  operation: 's3.PutObject',
  type: 'object',
  container: 'bucket',
  grants: 0,
}

export function vettingInputs(data: JsonObject): readonly EvaluationInput[] {
  const root = data.get('svidgate')
  const grants = isJsonObject(root) ? root.get('grants') : undefined
  const samples = [...paths(grants, [])].sort((a, b) => b.grants - a.grants)
  return [...samples.slice(0, MAX_INPUTS - 1), STRANGER].map(inputOf)
}

/** Every path of the grants' layout: subject, service, operation, type, container. */
function* paths(value: JsonValue | undefined, path: readonly string[]): Generator<Sample> {
  const [subject, service, operation, type, container] = path
  if (container !== undefined) {
    if (!isJsonArray(value) || subject === undefined || service === undefined) return
    if (operation === undefined || type === undefined) return
    yield { subject, service, operation, type, container, grants: value.length }
  } else if (isJsonObject(value)) {
    for (const [key, member] of value) yield* paths(member, [...path, key])
  }
}

function inputOf(sample: Sample): EvaluationInput {
  const { service, operation, type, container } = sample
  const [tenant = '*', agent = '*', role = '*'] = sample.subject.replaceAll('*', 'any').split('/')
  const path = 'a/path/that/no/grant/names.parquet'
  const target = { type, access: 'write', name: `${container}/${path}`, container, path }
  const now = { date: INSTANT.slice(0, 10), weekday: 'Monday', hour: 10, minute: 0 }
  const document = {
    version: 1,
    spiffe_id: `spiffe://example.org/agent/${tenant}/${agent}/${role}`,
    tenant,
    agent,
    role,
    service,
    action: operation.slice(operation.indexOf('.') + 1),
    timestamp: INSTANT,
    trust_domain: 'example.org',
    svid: { serial: '01', not_after: INSTANT, sha256: '0'.repeat(64) },
    operation: {
      provider: service.split('_', 1)[0],
      service: operation.split('.', 1)[0],
      name: operation,
      access: 'write',
      complete: true,
      pending: [],
      permissions: [{ action: operation, resource: target.name }],
    },
    targets: [target],
    region: 'eu-west-1',
    request: {
      id: '00000000-0000-4000-8000-000000000000',
      method: 'PUT',
      path: `/${target.name}`,
      path_segments: target.name.split('/'),
      query: {},
      headers: { 'content-type': ['application/octet-stream'] },
      content_length: 1024,
      payload_mode: 'hash',
      upgrade: false,
    },
    now: { ...now, zones: {} },
    candidates: ['default'],
  }
  return { text: JSON.stringify(document), nowNs: INSTANT_NS }
}
