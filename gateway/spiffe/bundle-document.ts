// A SPIFFE bundle as its endpoint serves it (SPIFFE_Trust_Domain_and_Bundle.md §4): a JWKS with a
// sequence number and a refresh hint. The text comes from a partner, so it is read strictly: a key
// that stands twice could make two readers trust two things. The X.509 authorities in it are those
// that trust-bundle.ts finds; keys of other uses are for others.

import {
  JsonNumber,
  isJsonArray,
  isJsonObject,
  parseStrictJson,
  type JsonValue,
} from '../util/json.ts'
import { err, ok } from '../util/result.ts'
import type { Result } from '../util/result.ts'
import { MAX_BUNDLE_BYTES, parseTrustBundle } from './trust-bundle.ts'
import type { TrustBundle } from './trust-bundle.ts'

/** The document, its list of keys, a key, its x5c; what else is in it may nest a little more. */
const MAX_DEPTH = 16

export interface BundleDocument {
  readonly bundle: TrustBundle
  /** `spiffe_sequence`; it has 64 bits and more, so it is no number. */
  readonly sequence: bigint | undefined
  /** `spiffe_refresh_hint`: seconds, as the domain wishes. */
  readonly refreshHintSeconds: number | undefined
}

/** The error is a text for our own log. */
export function parseBundleDocument(
  trustDomain: string,
  bytes: Buffer,
): Result<BundleDocument, string> {
  if (bytes.length > MAX_BUNDLE_BYTES) return err(`it has more than ${MAX_BUNDLE_BYTES} bytes`)
  const text = bytes.toString('utf8')
  if (!Buffer.from(text).equals(bytes)) return err('it is not UTF-8')
  const json = parseStrictJson(text, { maxDepth: MAX_DEPTH })
  if (!json.ok) return err(`it is not JSON: ${json.error.reason} at ${json.error.offset}`)
  const document = json.value
  if (!isJsonObject(document) || !isJsonArray(document.get('keys'))) {
    return err('it is no JWKS: it has no list "keys"')
  }
  const sequence = wholeNumber(document.get('spiffe_sequence'), 'spiffe_sequence')
  if (!sequence.ok) return sequence
  const hint = wholeNumber(document.get('spiffe_refresh_hint'), 'spiffe_refresh_hint')
  if (!hint.ok) return hint
  const bundle = parseTrustBundle(trustDomain, bytes)
  if (!bundle.ok) return err(bundle.error.message)
  return ok({
    bundle: bundle.value,
    sequence: sequence.value,
    refreshHintSeconds: hint.value === undefined ? undefined : Number(hint.value),
  })
}

/** More digits than any counter has; without a bound the number itself would be an attack. */
const WHOLE_NUMBER = /^\d{1,39}$/

function wholeNumber(
  value: JsonValue | undefined,
  name: string,
): Result<bigint | undefined, string> {
  if (value === undefined) return ok(undefined)
  if (!(value instanceof JsonNumber) || !WHOLE_NUMBER.test(value.text)) {
    return err(`"${name}" is not a whole number`)
  }
  return ok(BigInt(value.text))
}
