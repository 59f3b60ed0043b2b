// The bundle's signature as OPA makes and checks it (openpolicyagent.org, "Bundles", signing): one
// JWT in `.signatures.json` that lists the digest of every file. The algorithm is the one that the
// operator configured for the key, never the one that the token's header asks for, and a file that
// is not listed, or listed and missing, refuses the bundle.

import { createHash, createPublicKey, type KeyObject, verify, constants } from 'node:crypto'
import { ok, type Result } from '../../util/result.ts'
import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseStrictJson,
} from '../../util/json.ts'
import { type BundleFailure, bundleFailure } from './bundle-failure.ts'
import { hashJson } from './structured-hash.ts'
import type { Archive } from './tar-archive.ts'

export const SIGNATURES_FILE = '.signatures.json'

export const SIGNATURE_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
] as const
export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number]

export interface BundleKey {
  readonly algorithm: SignatureAlgorithm
  readonly key: KeyObject
  /** What the token's `scope` must be; absent: it must have none. */
  readonly scope?: string
}

/** By key id; a token's `kid` that is among them picks one. */
export type BundleKeys = ReadonlyMap<string, BundleKey>

export interface VerifiedSignature {
  readonly keyId: string
}

const DEFAULT_VERIFIER = '_default'
const MAX_DEPTH = 64
const MIN_RSA_BITS = 2048
const CURVES: ReadonlyMap<string, string> = new Map([
  ['ES256', 'prime256v1'],
  ['ES384', 'secp384r1'],
  ['ES512', 'secp521r1'],
])
/** SHA-1, MD5 and the 224-bit digests that OPA also knows are refused. */
const DIGESTS: ReadonlyMap<string, string> = new Map([
  ['SHA-256', 'sha256'],
  ['SHA-384', 'sha384'],
  ['SHA-512', 'sha512'],
  ['SHA-512-256', 'sha512-256'],
])
/** Base names whose digest is over the document, not the bytes. */
const STRUCTURED: ReadonlySet<string> = new Set(['.manifest', 'data.json', 'data.yaml'])

/** Throws a TypeError for a key that the algorithm cannot use: a mistake in the configuration. */
export function makeBundleKey(
  pem: string,
  algorithm: SignatureAlgorithm,
  scope?: string,
): BundleKey {
  const key = createPublicKey(pem)
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {}
  const curve = CURVES.get(algorithm)
  const fits =
    curve === undefined
      ? key.asymmetricKeyType === 'rsa' && modulusLength >= MIN_RSA_BITS
      : key.asymmetricKeyType === 'ec' && namedCurve === curve
  if (!fits) throw new TypeError(`this key cannot verify ${algorithm}`)
  return scope === undefined ? { algorithm, key } : { algorithm, key, scope }
}

/** With the algorithm that the key itself stands for: its curve's, RS256 for RSA. Throws likewise. */
export function bundleKeyOf(pem: string): BundleKey {
  const curve = createPublicKey(pem).asymmetricKeyDetails?.namedCurve
  const algorithm = SIGNATURE_ALGORITHMS.find((name) => CURVES.get(name) === curve)
  return makeBundleKey(pem, algorithm ?? 'RS256')
}

export function verifyBundleSignature(
  archive: Archive,
  keys: BundleKeys,
): Result<VerifiedSignature, BundleFailure> {
  const token = readToken(archive.get(SIGNATURES_FILE))
  if (token === undefined) return refused(`${SIGNATURES_FILE} does not hold exactly one token`)
  const [header, payload] = token.parts
  const named = header.get('kid') ?? payload.get('keyid')
  if (named !== undefined && typeof named !== 'string') return refused('the key id is not a text')
  // Every configured key is trusted alike, so an id that names none of them decides nothing: OPA
  // writes `default` when nobody chose one.
  const isKnown = named !== undefined && keys.has(named)
  const candidates = [...keys].filter(([id]) => !isKnown || id === named)
  const signer = candidates.find(([, key]) => isSignedBy(token, key))
  if (signer === undefined) return refused('no configured key made this signature')
  const [keyId, key] = signer
  const scope = payload.get('scope') ?? ''
  if (scope !== (key.scope ?? '')) return refused('the signature is for another scope')
  const problem = wrongFile(archive, payload.get('files'))
  return problem === undefined ? ok({ keyId }) : refused(problem)
}

interface Token {
  readonly parts: readonly [header: JsonObject, payload: JsonObject]
  readonly signed: Buffer
  readonly signature: Buffer
}

function readToken(bytes: Buffer | undefined): Token | undefined {
  const document = readObject(bytes)
  if (document === undefined) return undefined
  // A verifier plug-in would be a judge that we do not have.
  if ((document.get('plugin') ?? DEFAULT_VERIFIER) !== DEFAULT_VERIFIER) return undefined
  const list = document.get('signatures')
  if (!isJsonArray(list) || list.length !== 1 || typeof list[0] !== 'string') return undefined
  const match = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/.exec(list[0])
  if (match === null) return undefined
  const [, headerText = '', payloadText = '', signatureText = ''] = match
  const header = readObject(Buffer.from(headerText, 'base64url'))
  const payload = readObject(Buffer.from(payloadText, 'base64url'))
  if (header === undefined || payload === undefined) return undefined
  return {
    parts: [header, payload],
    signed: Buffer.from(`${headerText}.${payloadText}`),
    signature: Buffer.from(signatureText, 'base64url'),
  }
}

function isSignedBy({ signed, signature }: Token, { algorithm, key }: BundleKey): boolean {
  const hash = `sha${algorithm.slice(2)}`
  switch (algorithm.slice(0, 2)) {
    case 'RS':
      return verify(hash, signed, { key, padding: constants.RSA_PKCS1_PADDING }, signature)
    case 'PS': {
      const padding = constants.RSA_PKCS1_PSS_PADDING
      const saltLength = constants.RSA_PSS_SALTLEN_DIGEST
      return verify(hash, signed, { key, padding, saltLength }, signature)
    }
    default:
      return verify(hash, signed, { key, dsaEncoding: 'ieee-p1363' }, signature)
  }
}

/** What is wrong between the archive and the list, or undefined. */
function wrongFile(archive: Archive, listed: JsonValue | undefined): string | undefined {
  if (!isJsonArray(listed)) return 'the signature lists no files'
  const open = new Set([...archive.keys()].filter((name) => name !== SIGNATURES_FILE))
  for (const item of listed) {
    const [name, hash, algorithm] = isJsonObject(item)
      ? [item.get('name'), item.get('hash'), item.get('algorithm')]
      : []
    if (typeof name !== 'string' || typeof hash !== 'string' || typeof algorithm !== 'string') {
      return 'the signature lists a file in no form that is known'
    }
    const path = name.replace(/^\//, '')
    const content = archive.get(path)
    if (content === undefined || !open.delete(path))
      return `${path} is listed but not in the bundle`
    if (digestOf(path, content, algorithm) !== hash.toLowerCase())
      return `${path} has another digest`
  }
  const [unlisted] = open
  return unlisted === undefined ? undefined : `${unlisted} is not covered by the signature`
}

/** Hexadecimal; undefined for a digest that is not accepted or a document that is not JSON. */
function digestOf(path: string, content: Buffer, algorithm: string): string | undefined {
  const name = DIGESTS.get(algorithm)
  if (name === undefined) return undefined
  const hash = createHash(name)
  if (STRUCTURED.has(path.slice(path.lastIndexOf('/') + 1))) {
    const document = parseStrictJson(content.toString('utf8'), { maxDepth: MAX_DEPTH })
    if (!document.ok) return undefined
    hashJson(hash, document.value)
  } else {
    hash.update(content)
  }
  return hash.digest('hex')
}

function readObject(bytes: Buffer | undefined): JsonObject | undefined {
  if (bytes === undefined) return undefined
  const parsed = parseStrictJson(bytes.toString('utf8'), { maxDepth: MAX_DEPTH })
  return parsed.ok && isJsonObject(parsed.value) ? parsed.value : undefined
}

function refused(message: string): Result<never, BundleFailure> {
  return bundleFailure(
    'signature',
    message,
    'sign with `opa build --signing-key` or `opa sign`, and check `policy.verification.keys`',
  )
}
