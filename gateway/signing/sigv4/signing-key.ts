// The signing key of the AWS SigV4 document (task 4): a chain of HMACs over the parts of the scope.
// It opens one service in one region for one day, so it is kept as long as its credential is.

import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import type { Secret } from '../../util/secret.ts'
import type { SigningScope } from './credential-scope.ts'

/** Scopes kept for one credential: a day has one, midnight two; more means several regions. */
const SCOPES_PER_CREDENTIAL = 8

/** @param date `20150830` */
export function deriveSigningKey(
  secretAccessKey: string,
  date: string,
  scope: SigningScope,
): KeyObject {
  const dateKey = hmac(`AWS4${secretAccessKey}`, date)
  const regionKey = hmac(dateKey, scope.region)
  const serviceKey = hmac(regionKey, scope.service)
  return createSecretKey(hmac(serviceKey, 'aws4_request'))
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest()
}

// A memo of the pure function above, held by the credential's own secret: it goes when that goes.
const derived = new WeakMap<Secret, Map<string, KeyObject>>()

/** @param scopeText the credential scope, which names date, region and service */
export function signingKeyOf(
  secretAccessKey: Secret,
  date: string,
  scope: SigningScope,
  scopeText: string,
): KeyObject {
  let keys = derived.get(secretAccessKey)
  const known = keys?.get(scopeText)
  if (known !== undefined) return known
  if (keys === undefined) {
    keys = new Map()
    derived.set(secretAccessKey, keys)
  }
  if (keys.size >= SCOPES_PER_CREDENTIAL) keys.clear()
  const key = deriveSigningKey(secretAccessKey.reveal(), date, scope)
  keys.set(scopeText, key)
  return key
}
