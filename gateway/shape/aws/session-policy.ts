// The inline policy of the STS call: what the credential may do for this request at most. From the
// decision where it has one, whatever the mode: narrowing is never ignored. Derived, it says the
// operation's actions on whole containers, so that many requests share one credential.
// Limits: STS API reference, AssumeRoleWithWebIdentity, parameter Policy.

import { refusal, type Refusal } from '../../errors.ts'
import type { Facts, Permission } from '../../facts/facts.ts'
import type { SessionPolicyStatement } from '../../policy/decision-types.ts'
import type { HeaderLine } from '../../request/message.ts'
import { err, ok, type Result } from '../../util/result.ts'

/** The credential's switch (docs/POLICY.md): `none` is the role alone, by the operator's word. */
export type SessionPolicyMode = 'decision' | 'derive' | 'none'

export const MAX_POLICY_CHARACTERS = 2048

type PolicyRefusal = Refusal<'ERR_SG_OBLIGATION_UNSUPPORTED' | 'ERR_SG_OBLIGATION_MISSING'>
type PolicyResult = Result<string | undefined, PolicyRefusal>

const OBJECT_ARN = /^(arn:[a-z-]+:s3:::[a-z0-9.-]+)\/./s
const KMS_KEY_ARN = /^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key\/[A-Za-z0-9-]+$/

/** `headers`: of the shaped request. */
export function sessionPolicyFor(
  mode: SessionPolicyMode,
  stated: readonly SessionPolicyStatement[] | undefined,
  facts: Facts,
  headers: readonly HeaderLine[],
): PolicyResult {
  if (stated !== undefined) return writeStated(stated)
  if (mode === 'none') return ok(undefined)
  if (mode === 'decision') {
    return missing('the credential wants a session_policy, and the decision has none', 'SP-1')
  }
  if (!facts.operation.complete || facts.operation.permissions.length === 0) {
    return missing('no session policy can be derived for this operation', 'SP-2')
  }
  return write(derive(facts.operation.permissions, headers))
}

/** One statement for each set of resources that shares its actions, in a stable order. */
function derive(
  permissions: readonly Permission[],
  headers: readonly HeaderLine[],
): readonly SessionPolicyStatement[] {
  const byResource = new Map<string, Set<string>>()
  for (const { action, resource } of permissions) {
    const container = containerOf(resource)
    const actions = byResource.get(container)
    if (actions === undefined) byResource.set(container, new Set([action]))
    else actions.add(action)
  }
  const statements = [...byResource]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([resource, actions]) => ({ actions: [...actions].sort(), resources: [resource] }))
  const key = kmsResource(headers)
  if (key !== undefined) {
    statements.push({ actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [key] })
  }
  return statements
}

function containerOf(resource: string): string {
  const bucket = OBJECT_ARN.exec(resource)?.[1]
  return bucket === undefined ? resource : `${bucket}/*`
}

/** S3 calls KMS in the caller's name, so a request that asks for a key must be allowed its use. */
function kmsResource(headers: readonly HeaderLine[]): string | undefined {
  const encryption = valueOf(headers, 'x-amz-server-side-encryption')
  if (encryption === undefined || !encryption.startsWith('aws:kms')) return undefined
  const key = valueOf(headers, 'x-amz-server-side-encryption-aws-kms-key-id')
  return key !== undefined && KMS_KEY_ARN.test(key) ? key : '*'
}

function valueOf(headers: readonly HeaderLine[], name: string): string | undefined {
  return headers.find((line) => line[0] === name)?.[1]
}

// A memo of `write`: requests that get the same decision share its statements.
const written = new WeakMap<readonly SessionPolicyStatement[], PolicyResult>()

function writeStated(statements: readonly SessionPolicyStatement[]): PolicyResult {
  let text = written.get(statements)
  if (text === undefined) {
    text = write(statements)
    written.set(statements, text)
  }
  return text
}

function write(statements: readonly SessionPolicyStatement[]): PolicyResult {
  if (statements.length === 0) return unsupported('it has no statement', 'SP-3')
  for (const { actions, resources } of statements) {
    if (actions.length === 0 || resources.length === 0) {
      return unsupported('a statement without actions or resources', 'SP-3')
    }
  }
  const text = asciiJson({
    Version: '2012-10-17',
    Statement: statements.map(({ actions, resources }) => ({
      Effect: 'Allow',
      Action: actions,
      Resource: resources,
    })),
  })
  if (text.length > MAX_POLICY_CHARACTERS) {
    const detail = `${text.length} characters, and STS takes ${MAX_POLICY_CHARACTERS}`
    return unsupported(detail, 'SP-4')
  }
  return ok(text)
}

/** STS takes U+0020 to U+00FF: the rest is written as JSON escapes, which mean the same. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function missing(detail: string, rule: string): PolicyResult {
  return err(refusal('ERR_SG_OBLIGATION_MISSING', detail, rule))
}

function unsupported(detail: string, rule: string): PolicyResult {
  return err(refusal('ERR_SG_OBLIGATION_UNSUPPORTED', `session_policy: ${detail}`, rule))
}
