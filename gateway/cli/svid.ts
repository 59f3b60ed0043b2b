// `svid inspect` and `svid verify`: what an X.509-SVID says, and whether the gateway would accept
// it. Both use the validator of the listener, never OpenSSL's judgement.

import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Refusal, SvidCode } from '../errors.ts'
import { parseTrustDomain } from '../spiffe/id.ts'
import { readPem } from '../spiffe/pem.ts'
import { refuse } from '../spiffe/rules.ts'
import { makeTrustBundleSet, parseTrustBundle } from '../spiffe/trust-bundle.ts'
import type { TrustBundle, TrustBundleSet } from '../spiffe/trust-bundle.ts'
import { checkLeafProfile, verifyX509Svid } from '../spiffe/verify.ts'
import type { VerifiedSvid } from '../spiffe/verify.ts'
import { fingerprint, parseCertificate, splitCertificates } from '../spiffe/x509-svid.ts'
import type { Certificate } from '../spiffe/x509-svid.ts'
import { systemClock } from '../util/clock.ts'
import { ok } from '../util/result.ts'
import type { Result } from '../util/result.ts'
import { formatRfc3339, parseRfc3339 } from '../util/rfc3339.ts'
import { CliError } from './command.ts'
import type { Action, ExitCode } from './command.ts'

const DER_SEQUENCE = 0x30

export interface SvidVerifyOptions {
  /** File with the presented chain, the leaf first: PEM, or DER one after another. */
  readonly chain: string
  /** `<trust domain>=<file>`, one for each trust domain. */
  readonly bundle: readonly string[]
  /** RFC 3339; now where absent. */
  readonly at?: string
  readonly json?: boolean
}

export interface SvidInspectOptions {
  /** File with certificates: PEM, or DER one after another. */
  readonly file: string
  readonly json?: boolean
}

/** Exit 0: the gateway would accept it; 1: it would not, and why; 2: usage. */
export const svidVerify: Action<SvidVerifyOptions> = async (options, io) => {
  const at = options.at === undefined ? systemClock.now() : parseInstant(options.at)
  const bundles = await readBundles(options.bundle)
  const ders = splitFile(await readInput(options.chain))
  const verdict = ders.ok ? verifyX509Svid(ders.value, bundles, at) : ders
  io.out(options.json === true ? verdictJson(verdict) : verdictText(verdict))
  return verdict.ok ? 0 : 1
}

/** Exit 0: the first certificate has the profile of an X.509-SVID; 1: not, and why; 2: usage. */
export const svidInspect: Action<SvidInspectOptions> = async (options, io) => {
  const ders = splitFile(await readInput(options.file))
  const parsed = ders.ok ? ders.value.map(parseCertificate) : [ders]
  const [first] = parsed
  if (first === undefined) {
    throw new CliError(2, `${options.file} holds no certificate`, HINT_CHAIN)
  }
  const profile = first.ok ? checkLeafProfile(first.value) : first
  const certificates = parsed.map((one) => (one.ok ? describe(one.value) : { error: one.error }))
  if (options.json === true) {
    const svid = profile.ok
      ? { ok: true, spiffe_id: profile.value.text }
      : { ok: false, ...refusalFields(profile.error) }
    io.out(`${JSON.stringify({ svid, certificates })}\n`)
  } else {
    io.out(inspectText(profile, certificates))
  }
  const exit: ExitCode = profile.ok && parsed.every((one) => one.ok) ? 0 : 1
  return exit
}

function verdictJson(verdict: Result<VerifiedSvid, Refusal<SvidCode>>): string {
  const answer = verdict.ok
    ? { ok: true, spiffe_id: verdict.value.id.text }
    : { ok: false, ...refusalFields(verdict.error) }
  return `${JSON.stringify(answer)}\n`
}

function refusalFields({ code, rule, detail }: Refusal<SvidCode>): Record<string, unknown> {
  return { code, rule, message: detail }
}

function verdictText(verdict: Result<VerifiedSvid, Refusal<SvidCode>>): string {
  if (!verdict.ok) return refusedText(verdict.error)
  const { id, serial, expiresAt, anchorSha256 } = verdict.value
  return (
    `accepted: ${id.text}\n` +
    `  serial ${serial}, path valid until ${formatRfc3339(expiresAt)}\n` +
    `  CA of the trust bundle: sha256 ${anchorSha256}\n`
  )
}

function refusedText({ code, rule, detail }: Refusal<SvidCode>): string {
  return `refused: ${detail}\n  ${code}, rule ${rule ?? '?'}\n`
}

interface Description {
  readonly subject: string
  readonly issuer: string
  readonly serial: string
  readonly not_before: string
  readonly not_after: string
  readonly ca: boolean
  readonly names: readonly string[]
  readonly sha256: string
}

function describe(certificate: Certificate): Description {
  const { extensions } = certificate
  return {
    subject: nameText(certificate, 'subject'),
    issuer: nameText(certificate, 'issuer'),
    serial: certificate.serial,
    not_before: formatRfc3339(certificate.notBefore),
    not_after: formatRfc3339(certificate.notAfter),
    ca: extensions.basicConstraints?.ca === true,
    names: (extensions.subjectAltName?.names ?? []).map(({ kind, bytes }) =>
      kind === 'uri' || kind === 'dns' || kind === 'email'
        ? `${kind}:${bytes.toString('latin1')}`
        : `${kind}:${bytes.toString('hex')}`,
    ),
    sha256: fingerprint(certificate),
  }
}

/** For reading only: Node prints names for people, one attribute a line. */
function nameText(certificate: Certificate, which: 'subject' | 'issuer'): string {
  return new X509Certificate(certificate.der)[which].split('\n').join(', ')
}

function inspectText(
  profile: Result<{ readonly text: string }, Refusal<SvidCode>>,
  certificates: readonly (Description | { readonly error: Refusal<SvidCode> })[],
): string {
  const head = profile.ok
    ? `${profile.value.text}\n  has the profile of an X.509-SVID; \`svid verify\` proves it\n`
    : `no X.509-SVID that the gateway accepts\n  ${refusedText(profile.error)}`
  const blocks = certificates.map((one, i) => {
    if ('error' in one) return `certificate ${i + 1}\n  malformed: ${one.error.detail}\n`
    return (
      `certificate ${i + 1}${one.ca ? ' (CA)' : ''}\n` +
      `  subject     ${printable(one.subject)}\n` +
      `  issuer      ${printable(one.issuer)}\n` +
      `  serial      ${one.serial}\n` +
      `  validity    ${one.not_before} to ${one.not_after}\n` +
      one.names.map((name) => `  name        ${name}\n`).join('') +
      `  sha256      ${one.sha256}\n`
    )
  })
  return [head, ...blocks].join('\n')
}

/** A name is foreign text: an escape sequence in it must not reach the terminal. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, '�')
}

async function readInput(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown error'
    throw new CliError(2, `${file} cannot be read: ${reason}`, 'check the path and its permissions')
  }
}

/** What cannot be read as certificates is an answer (no), as it is for a peer that sends it. */
function splitFile(bytes: Buffer): Result<readonly Buffer[], Refusal<SvidCode>> {
  if (bytes[0] === DER_SEQUENCE) return splitCertificates(bytes)
  const blocks = readPem(bytes.toString('utf8'))
  if (!blocks.ok) return refuse('XV+d1', blocks.error)
  return ok(blocks.value.filter(({ label }) => label === 'CERTIFICATE').map((b) => b.bytes))
}

const HINT_CHAIN = 'give certificates as PEM (-----BEGIN CERTIFICATE-----), the leaf first, or DER'

async function readBundles(specs: readonly string[]): Promise<TrustBundleSet> {
  if (specs.length === 0) {
    throw new CliError(2, 'no trust bundle is given', 'write --bundle example.org=FILE')
  }
  const bundles = new Map<string, TrustBundle>()
  for (const spec of specs) {
    const equals = spec.indexOf('=')
    if (equals < 1) {
      throw new CliError(2, `--bundle ${spec}: no trust domain`, 'write --bundle example.org=FILE')
    }
    const trustDomain = parseTrustDomain(spec.slice(0, equals))
    if (!trustDomain.ok) {
      throw new CliError(2, `--bundle ${spec}: ${trustDomain.error.detail}`, HINT_DOMAIN)
    }
    if (bundles.has(trustDomain.value)) {
      throw new CliError(2, `--bundle ${trustDomain.value} is given twice`, HINT_TWICE)
    }
    const file = spec.slice(equals + 1)
    const bundle = parseTrustBundle(trustDomain.value, await readInput(file))
    if (!bundle.ok) throw new CliError(2, `${file}: ${bundle.error.message}`, bundle.error.hint)
    bundles.set(trustDomain.value, bundle.value)
  }
  return makeTrustBundleSet(bundles.values(), 1)
}

const HINT_DOMAIN = 'a trust domain is written in lower case, without spiffe://'
const HINT_TWICE = 'put all CA certificates of one trust domain into one file'

function parseInstant(text: string): number {
  const ms = parseRfc3339(text)
  if (ms === undefined) {
    throw new CliError(2, `--at ${text} is no instant`, 'write it as 2026-11-23T10:00:00Z')
  }
  return ms
}
