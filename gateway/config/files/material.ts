// Certificates and keys that a configuration names: read once, checked, and kept as part of the
// generation. A private key that others can read is refused, because it is no secret any more.

import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import type { ConfigFiles, FileFailure } from './port.ts'
import type { FileUse } from './paths.ts'
import type { ConfigPath, Finding } from '../problem.ts'
import type { ConfigParts } from '../schema.ts'

/** Bytes; a chain of certificates has 10 KiB, a bundle of public roots 250. */
export const MAX_PEM_BYTES = 1024 * 1024

export interface Materials {
  /** PEM text by absolute path. */
  readonly texts: ReadonlyMap<string, string>
  readonly findings: readonly Finding[]
}

const OTHERS = 0o077

export async function loadMaterials(
  uses: readonly FileUse[],
  files: ConfigFiles,
): Promise<Materials> {
  const texts = new Map<string, string>()
  const findings: Finding[] = []
  for (const use of uses) {
    const finding = await loadOne(use, files, texts)
    if (finding !== undefined) findings.push(finding)
  }
  return { texts, findings }
}

async function loadOne(
  use: FileUse,
  files: ConfigFiles,
  texts: Map<string, string>,
): Promise<Finding | undefined> {
  if (use.need === 'file') {
    const kind = await files.kind(use.path)
    if (kind === 'file') return undefined
    return missingFile(use, kind === undefined ? 'missing' : 'not-a-file')
  }
  const result = await files.read(use.path, MAX_PEM_BYTES)
  if (!result.ok) return missingFile(use, result.failure)
  const { bytes, mode } = result.content
  if (use.need === 'private-key' && (mode & OTHERS) !== 0) {
    return {
      path: use.at,
      message: `the private key ${use.path} can be read or changed by group or others (mode ${octal(mode)})`,
      hint: `chmod 600 ${use.path}`,
    }
  }
  const text = bytes.toString('utf8')
  const fault = faultOf(use.need, text)
  if (fault !== undefined) {
    return { path: use.at, message: `${use.path}: ${fault}`, hint: 'PEM is expected.' }
  }
  texts.set(use.path, text)
  return undefined
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, '0')
}

const FAILURES: Readonly<Record<FileFailure, string>> = {
  missing: 'does not exist',
  forbidden: 'cannot be read by this user',
  'not-a-file': 'is no regular file',
  'too-large': 'is too large',
  unreadable: 'cannot be read',
}

function missingFile(use: FileUse, failure: FileFailure): Finding {
  return {
    path: use.at,
    message: `${use.path} ${FAILURES[failure]}`,
    hint: 'Relative paths start at the directory of the configuration file.',
  }
}

/** What is wrong with the text, never quoting it: it may be a key. */
function faultOf(need: Exclude<FileUse['need'], 'file'>, text: string): string | undefined {
  switch (need) {
    case 'certificates':
      return certificatesOf(text) === undefined ? 'holds no readable certificate' : undefined
    case 'public-key':
      if (/PRIVATE KEY-----/.test(text)) return 'is a private key; its public half belongs here'
      return canRead(() => createPublicKey(text)) ? undefined : 'holds no readable public key'
    case 'private-key':
      return privateKeyFault(text)
  }
}

export function privateKeyFault(text: string): string | undefined {
  if (/ENCRYPTED/.test(text)) return 'is encrypted, and there is nowhere to give a passphrase'
  return canRead(() => createPrivateKey(text)) ? undefined : 'holds no readable private key'
}

function canRead(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch (error) {
    // OpenSSL's words would tell nothing that the operator can use.
    if (!(error instanceof Error)) throw error
    return false
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g

/** Undefined: there is none, or one of them cannot be read. */
function certificatesOf(text: string): X509Certificate[] | undefined {
  const certificates: X509Certificate[] = []
  for (const [pem] of text.matchAll(CERTIFICATE)) {
    const isReadable = canRead(() => certificates.push(new X509Certificate(pem)))
    if (!isReadable) return undefined
  }
  return certificates.length === 0 ? undefined : certificates
}

/** A server certificate must belong to its key and cover its names: else no SDK will connect. */
export function checkServerCertificates(
  parts: ConfigParts,
  certificateAt: (index: number) => string | undefined,
  keyAt: (index: number) => string | undefined,
): Finding[] {
  const findings: Finding[] = []
  parts.listen?.data.tls.forEach((entry, index) => {
    if (entry.kind === 'svid') return
    const at: ConfigPath = ['listen', 'data', 'tls', index]
    const text = certificateAt(index)
    const leaf = text === undefined ? undefined : certificatesOf(text)?.[0]
    if (leaf === undefined) return
    const key = keyAt(index)
    if (key !== undefined && !leaf.checkPrivateKey(createPrivateKey(key))) {
      findings.push({
        path: [...at, 'key'],
        message: 'the key does not belong to the first certificate of `cert`',
        hint: 'The leaf comes first in the chain.',
      })
    }
    entry.names.forEach((name, position) => {
      if (covers(leaf, name)) return
      findings.push({
        path: [...at, 'names', position],
        message: `the certificate does not cover ${name}`,
        hint: `It has: ${leaf.subjectAltName ?? 'no subject alternative names'}.`,
      })
    })
  })
  return findings
}

function covers(leaf: X509Certificate, name: string): boolean {
  if (isIP(name) !== 0) return leaf.checkIP(name) !== undefined
  // A wildcard entry needs a wildcard SAN: a label that nobody has stands for all of them.
  const host = name.replace(/^\*/, 'svidgate-wildcard-probe')
  return leaf.checkHost(host, { subject: 'never' }) !== undefined
}
