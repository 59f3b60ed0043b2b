// The parameters of AssumeRoleWithWebIdentity and their limits (AWS STS API reference; botocore's
// model of it). Each may appear once; any other is refused.

import { err, ok } from '../../util/result.ts'
import type { Result } from '../../util/result.ts'
import { parseForm } from '../sandbox/form.ts'
import { fault } from './fault.ts'
import type { AwsFault } from './fault.ts'
import { parseIamPolicy } from './iam-policy.ts'
import type { IamPolicy } from './iam-policy.ts'

export const MAX_POLICY_CHARACTERS = 2048
const MIN_DURATION_SECONDS = 900
const MAX_DURATION_SECONDS = 43_200
const KNOWN = new Set([
  'Action',
  'Version',
  'RoleArn',
  'RoleSessionName',
  'WebIdentityToken',
  'Policy',
  'DurationSeconds',
])

export interface AssumeRoleParameters {
  readonly roleArn: string
  readonly sessionName: string
  readonly token: string
  readonly sessionPolicy: IamPolicy | undefined
  /** Characters of the inline policy; 0 without one. */
  readonly policyLength: number
  readonly durationSeconds: number | undefined
}

function invalid(message: string): AwsFault {
  return fault(400, 'ValidationError', message)
}

function parsePolicy(text: string | undefined): Result<IamPolicy | undefined, AwsFault> {
  if (text === undefined) return ok(undefined)
  if (text.length < 1 || text.length > MAX_POLICY_CHARACTERS) {
    const message = `Member must have length less than or equal to ${MAX_POLICY_CHARACTERS}`
    return err(invalid(`1 validation error detected: Value at 'policy' failed: ${message}`))
  }
  if (!/^[\t\n\r\u0020-\u00ff]+$/.test(text)) {
    return err(invalid("1 validation error detected: Value at 'policy' has invalid characters"))
  }
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return err(fault(400, 'MalformedPolicyDocument', 'This policy contains invalid Json'))
  }
  const policy = parseIamPolicy(document)
  if (policy.ok) return policy
  return err(fault(400, 'MalformedPolicyDocument', `Malformed policy: ${policy.error}`))
}

function parseDuration(text: string | undefined): Result<number | undefined, AwsFault> {
  if (text === undefined) return ok(undefined)
  const value = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (value >= MIN_DURATION_SECONDS && value <= MAX_DURATION_SECONDS) return ok(value)
  const message = `Value '${text.slice(0, 20)}' at 'durationSeconds' failed to satisfy constraint: must be between ${MIN_DURATION_SECONDS} and ${MAX_DURATION_SECONDS}`
  return err(invalid(message))
}

/** Required text parameters: name, and what its value must look like. */
const REQUIRED = [
  ['RoleArn', /^(?=.{20,2048}$)arn:aws(?:-[a-z-]+)?:iam::\d{12}:role\/[\w+=,.@/-]+$/],
  ['RoleSessionName', /^[A-Za-z0-9_+=,.@-]{2,64}$/],
  ['WebIdentityToken', /^[\x21-\x7e]{4,20000}$/],
] as const

export function parseAssumeRole(body: string): Result<AssumeRoleParameters, AwsFault> {
  const parsed = parseForm(body)
  if (!parsed.ok) {
    if (parsed.error.kind === 'twice') {
      return err(invalid(`Parameter ${parsed.error.name} appears more than once`))
    }
    return err(fault(400, 'MalformedQueryString', 'The request body is not a well-formed form'))
  }
  const form = parsed.value
  const unknown = [...form.keys()].find((name) => !KNOWN.has(name))
  if (unknown !== undefined) return err(invalid(`Unknown parameter ${unknown}`))
  if (form.get('Action') !== 'AssumeRoleWithWebIdentity') {
    return err(fault(400, 'InvalidAction', 'Could not find the operation asked for'))
  }
  if (form.get('Version') !== '2011-06-15') {
    return err(fault(400, 'InvalidAction', 'Could not find the operation for this Version'))
  }
  for (const [name, pattern] of REQUIRED) {
    const value = form.get(name)
    if (value === undefined) return err(invalid(`Missing required parameter ${name}`))
    if (!pattern.test(value)) {
      return err(invalid(`1 validation error detected: Value at '${name}' failed its constraint`))
    }
  }
  const sessionPolicy = parsePolicy(form.get('Policy'))
  if (!sessionPolicy.ok) return sessionPolicy
  const duration = parseDuration(form.get('DurationSeconds'))
  if (!duration.ok) return duration
  return ok({
    roleArn: form.get('RoleArn') ?? '',
    sessionName: form.get('RoleSessionName') ?? '',
    token: form.get('WebIdentityToken') ?? '',
    sessionPolicy: sessionPolicy.value,
    policyLength: form.get('Policy')?.length ?? 0,
    durationSeconds: duration.value,
  })
}
