// The token exchange request of Google's Security Token Service (REST reference `v1.token`; RFC 8693
// §2.1): each parameter once, none more, and every one that external credentials need.

import { err, ok } from '../../util/result.ts'
import type { Result } from '../../util/result.ts'
import { parseForm } from '../sandbox/form.ts'

/** RFC 6749 §5.2, RFC 8693 §2.2.2. */
export interface OauthFault {
  readonly error:
    'invalid_request' | 'invalid_grant' | 'invalid_target' | 'invalid_scope' | 'unauthorized_client'
  readonly description: string
}

export interface ExchangeRequest {
  /** `//iam.googleapis.com/projects/…/providers/…` */
  readonly audience: string
  readonly scopes: readonly string[]
  readonly subjectToken: string
}

const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const SUBJECT_TYPES = new Set([
  'urn:ietf:params:oauth:token-type:jwt',
  'urn:ietf:params:oauth:token-type:id_token',
])
const KNOWN = new Set([
  'grant_type',
  'audience',
  'scope',
  'requested_token_type',
  'subject_token_type',
  'subject_token',
])
const SCOPE = /^https:\/\/www\.googleapis\.com\/auth\/[a-z0-9._-]+$/
const MAX_TOKEN_LENGTH = 12 * 1024

function invalid(description: string): Result<never, OauthFault> {
  return err({ error: 'invalid_request', description })
}

export function parseExchange(body: string): Result<ExchangeRequest, OauthFault> {
  const parsed = parseForm(body)
  if (!parsed.ok) {
    const { error } = parsed
    return invalid(
      error.kind === 'twice'
        ? `The parameter ${error.name} appears more than once.`
        : 'The request body is not a well-formed form.',
    )
  }
  const form = parsed.value
  const unknown = [...form.keys()].find((name) => !KNOWN.has(name))
  if (unknown !== undefined) return invalid(`Unknown parameter: ${unknown}.`)
  const missing = [...KNOWN].find((name) => (form.get(name) ?? '') === '')
  if (missing !== undefined) return invalid(`Missing required field: ${missing}.`)
  if (form.get('grant_type') !== TOKEN_EXCHANGE) return invalid('Invalid value for "grant_type".')
  if (form.get('requested_token_type') !== ACCESS_TOKEN) {
    return invalid('Invalid value for "requested_token_type".')
  }
  if (!SUBJECT_TYPES.has(form.get('subject_token_type') ?? '')) {
    return invalid('Invalid value for "subject_token_type".')
  }
  const scopes = (form.get('scope') ?? '').split(' ')
  if (!scopes.every((scope) => SCOPE.test(scope)) || new Set(scopes).size !== scopes.length) {
    return err({ error: 'invalid_scope', description: 'Invalid OAuth scope.' })
  }
  const subjectToken = form.get('subject_token') ?? ''
  if (subjectToken.length > MAX_TOKEN_LENGTH) return invalid('The subject token is too long.')
  return ok({ audience: form.get('audience') ?? '', scopes, subjectToken })
}
