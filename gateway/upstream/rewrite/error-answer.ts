// Clouds explain a refused credential by repeating it. Such an answer must never reach the agent
// (docs/REFUSALS.md): an answer that could be one is held until it has been seen whole, and an answer
// about our credential is replaced by our own refusal. What each cloud does stands beside this.

import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import type { Credential } from '../../credential/credential.ts'
import type { HeaderLine } from '../../request/message.ts'
import { isAboutAwsCredential, mayEchoAws } from './aws/error-body.ts'
import { isAboutGoogleCredential, isGoogleTokenRefused, mayEchoGoogle } from './gcp/error-body.ts'

/** Error documents are a few KiB; what is longer is not one, and is not passed on unseen. */
export const LONGEST_ERROR_BODY = 256 * 1024

/** Longest text that a compressed one may unfold to. */
const LONGEST_UNFOLDED = 4 * LONGEST_ERROR_BODY

/** True for answers that can be such an explanation, and so must be seen whole first. */
export function mayEchoCredential(
  status: number,
  headers: readonly HeaderLine[],
  credential: Credential | undefined,
): boolean {
  if (credential?.kind === 'none') return false
  return credential?.kind === 'gcp-workload-identity'
    ? mayEchoGoogle(status)
    : mayEchoAws(status, headers)
}

/**
 * `passes`: it is about the agent's own request. `refused`: it repeats our credential, or is about
 * it. `unreadable`: nobody can say, and the credential is not to blame.
 */
export type ErrorVerdict = 'passes' | 'refused' | 'unreadable'

/** @param body whole */
export function judgeErrorAnswer(
  status: number,
  headers: readonly HeaderLine[],
  body: Buffer,
  credential: Credential,
): ErrorVerdict {
  if (credential.kind === 'none') return 'passes'
  const isGoogle = credential.kind === 'gcp-workload-identity'
  if (isGoogle && isGoogleTokenRefused(status)) return 'refused'
  const plain = plainBody(headers, body)
  if (plain === undefined) return 'unreadable'
  const isRefused = isGoogle
    ? isAboutGoogleCredential(headers, plain, credential)
    : isAboutAwsCredential(plain, credential)
  return isRefused ? 'refused' : 'passes'
}

type Decoder = (bytes: Buffer, limit: { maxOutputLength: number }) => Buffer

/** The content codings that agents' SDKs and servers in front of a cloud agree on. */
const DECODERS: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['br', brotliDecompressSync],
  ['deflate', inflateSync],
  ['gzip', gunzipSync],
  ['x-gzip', gunzipSync],
])

/** What the body says, its content coding removed; undefined where that cannot be seen. */
function plainBody(headers: readonly HeaderLine[], body: Buffer): Buffer | undefined {
  const coding = headers
    .filter(([name]) => name.toLowerCase() === 'content-encoding')
    .map(([, value]) => value.trim().toLowerCase())
    .join()
  if (coding === '' || coding === 'identity' || body.length === 0) return body
  try {
    return DECODERS.get(coding)?.(body, { maxOutputLength: LONGEST_UNFOLDED })
  } catch {
    return undefined // Not in that coding, or far longer than an error document.
  }
}
