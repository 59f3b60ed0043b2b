// Takes the few facts out of an answer of AssumeRoleWithWebIdentity (STS API Reference). The answer
// is hostile until every value has the form that AWS gives it.

import { onlyChild, readXml, type XmlElement } from './xml.ts'

export interface StsSession {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  /** ms since the epoch */
  readonly expiresAt: number
  /** ARN of the assumed role; undefined where the endpoint gives none. */
  readonly assumedRole: string | undefined
  /** The `sub` that the endpoint read from our token; undefined where it gives none. */
  readonly subject: string | undefined
}

export interface StsError {
  readonly code: string
  readonly message: string
}

const ACCESS_KEY_ID = /^[A-Za-z0-9_]{16,128}$/
/** Visible ASCII: both travel in headers or keys. */
const SECRET_ACCESS_KEY = /^[\x21-\x7e]{16,128}$/
/** STS promises no size; a header of 8 KiB is the most that S3 takes. */
const SESSION_TOKEN = /^[\x21-\x7e]{1,8192}$/
const EXPIRATION = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z$/
const ERROR_CODE = /^[A-Za-z0-9.]{1,128}$/

/** @returns undefined unless it is exactly one well-formed session */
export function readStsSession(body: Buffer): StsSession | undefined {
  const root = readXml(body)
  if (root?.name !== 'AssumeRoleWithWebIdentityResponse') return undefined
  const result = onlyChild(root, 'AssumeRoleWithWebIdentityResult')
  const credentials = result && onlyChild(result, 'Credentials')
  if (result === undefined || credentials === undefined) return undefined
  const accessKeyId = leaf(credentials, 'AccessKeyId', ACCESS_KEY_ID)
  const secretAccessKey = leaf(credentials, 'SecretAccessKey', SECRET_ACCESS_KEY)
  const sessionToken = leaf(credentials, 'SessionToken', SESSION_TOKEN)
  const expiresAt = Date.parse(leaf(credentials, 'Expiration', EXPIRATION) ?? '')
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined
  if (sessionToken === undefined || !Number.isFinite(expiresAt)) return undefined
  const user = optional(result, 'AssumedRoleUser')
  const subject = optional(result, 'SubjectFromWebIdentityToken')
  if (user === 'many' || subject === 'many') return undefined
  const arn = user && optional(user, 'Arn')
  if (arn === 'many') return undefined
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken,
    expiresAt,
    assumedRole: arn?.text || undefined,
    subject: subject?.text || undefined,
  }
}

/** @returns undefined when it is no error document of AWS's query protocol */
export function readStsError(body: Buffer): StsError | undefined {
  const root = readXml(body)
  if (root?.name !== 'ErrorResponse') return undefined
  const error = onlyChild(root, 'Error')
  const code = error && leaf(error, 'Code', ERROR_CODE)
  if (error === undefined || code === undefined) return undefined
  return { code, message: onlyChild(error, 'Message')?.text ?? '' }
}

function leaf(parent: XmlElement, name: string, form: RegExp): string | undefined {
  const element = onlyChild(parent, name)
  if (element === undefined || element.children.length > 0) return undefined
  return form.test(element.text) ? element.text : undefined
}

function optional(parent: XmlElement, name: string): XmlElement | 'many' | undefined {
  const named = parent.children.filter((child) => child.name === name)
  return named.length > 1 ? 'many' : named[0]
}
