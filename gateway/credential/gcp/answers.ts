// Takes the few facts out of the answers of Google's two token endpoints: the Security Token Service
// (RFC 8693 §2.2.1; STS v1 `token`) and the Service Account Credentials API (v1
// `generateAccessToken`). An answer is hostile until every value has the form that Google gives it.

import type { HeaderLine } from '../../request/message.ts'
import {
  isJsonArray,
  isJsonObject,
  JsonNumber,
  parseStrictJson,
  type JsonObject,
} from '../../util/json.ts'
import { parseRfc3339 } from '../../util/rfc3339.ts'

export interface FederatedToken {
  readonly accessToken: string
  /** Seconds; undefined where the endpoint does not say. */
  readonly expiresIn: number | undefined
}

export interface ServiceAccountToken {
  readonly accessToken: string
  /** ms since the epoch */
  readonly expiresAt: number
}

export interface TokenError {
  /** `invalid_target` (RFC 6749 §5.2, RFC 8693 §2.2.2), or `PERMISSION_DENIED` (google.rpc.Code). */
  readonly name: string
  /** `IAM_PERMISSION_DENIED`: of google.rpc.ErrorInfo; undefined where there is none. */
  readonly reason: string | undefined
  readonly message: string
}

/** Deeper than any answer of these two services. */
const LIMITS = { maxDepth: 16 }
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * RFC 6750 §2.1 `b64token`: what could end a header line is none. Google: "Access tokens can vary in
 * size; 12 KB at most" (STS documentation).
 */
const MAX_TOKEN_LENGTH = 12 * 1024
const B64_TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/
const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token'
/** Some of Google's services write the number as a string. */
const SECONDS = /^[0-9]{1,7}$/
const ERROR_NAME = /^[A-Za-z_]{1,64}$/
const ERROR_INFO = 'type.googleapis.com/google.rpc.ErrorInfo'

export function isJsonByType(headers: readonly HeaderLine[]): boolean {
  const values = headers.filter(([name]) => name.toLowerCase() === 'content-type')
  const type = values[0]?.[1].split(';')[0]?.trim().toLowerCase()
  return values.length === 1 && type === 'application/json'
}

/** @returns undefined unless it is exactly one well-formed bearer token */
export function readFederatedToken(body: Buffer): FederatedToken | undefined {
  const answer = readObject(body)
  const accessToken = tokenOf(answer?.get('access_token'))
  if (answer === undefined || accessToken === undefined) return undefined
  if (answer.get('issued_token_type') !== ACCESS_TOKEN_TYPE) return undefined
  // RFC 6749 §7.1: compared without regard to case.
  const type = answer.get('token_type')
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') return undefined
  const lifetime = answer.get('expires_in')
  if (lifetime === undefined) return { accessToken, expiresIn: undefined }
  const text = lifetime instanceof JsonNumber ? lifetime.text : lifetime
  if (typeof text !== 'string' || !SECONDS.test(text)) return undefined
  return { accessToken, expiresIn: Number(text) }
}

/** @returns undefined unless it is exactly one well-formed token with its end */
export function readServiceAccountToken(body: Buffer): ServiceAccountToken | undefined {
  const answer = readObject(body)
  const accessToken = tokenOf(answer?.get('accessToken'))
  const end = answer?.get('expireTime')
  const expiresAt = typeof end === 'string' ? parseRfc3339(end) : undefined
  if (accessToken === undefined || expiresAt === undefined) return undefined
  return { accessToken, expiresAt }
}

/** Reads both forms: OAuth's, and the error object of Google's APIs, which front ends of STS use. */
export function readTokenError(body: Buffer): TokenError | undefined {
  const answer = readObject(body)
  const error = answer?.get('error')
  if (answer === undefined) return undefined
  if (isJsonObject(error)) {
    return errorOf(error.get('status'), error.get('message'), reasonOf(error))
  }
  return errorOf(error, answer.get('error_description'), undefined)
}

function errorOf(name: unknown, message: unknown, reason: string | undefined) {
  if (typeof name !== 'string' || !ERROR_NAME.test(name)) return undefined
  return { name, reason, message: typeof message === 'string' ? message : '' }
}

function reasonOf(error: JsonObject): string | undefined {
  const details = error.get('details')
  if (!isJsonArray(details)) return undefined
  for (const detail of details) {
    if (!isJsonObject(detail) || detail.get('@type') !== ERROR_INFO) continue
    const reason = detail.get('reason')
    if (typeof reason === 'string' && ERROR_NAME.test(reason)) return reason
  }
  return undefined
}

function tokenOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > MAX_TOKEN_LENGTH) return undefined
  return B64_TOKEN.test(value) ? value : undefined
}

function readObject(body: Buffer): JsonObject | undefined {
  let text: string
  try {
    text = UTF8.decode(body)
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
  const parsed = parseStrictJson(text, LIMITS)
  return parsed.ok && isJsonObject(parsed.value) ? parsed.value : undefined
}
