// Identity from files that another program writes: trust bundles (PEM or SPIFFE bundle JSON) and,
// optionally, the gateway's own SVID with its key. Opening demands that everything is good. A
// reload takes over bundles all together or not at all, and the SVID by itself: a certificate whose
// key has not been replaced yet must not delay a change of trust.

import { createPrivateKey, createPublicKey } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { err, ok } from '../util/result.ts'
import type { Result } from '../util/result.ts'
import { Secret } from '../util/secret.ts'
import type { Clock } from '../util/clock.ts'
import { readPem } from './pem.ts'
import { IdentitySourceError } from './source.ts'
import type { IdentitySource, OwnSvid, ReloadReport, SourceProblem, TrustFiles } from './source.ts'
import {
  MAX_BUNDLE_BYTES,
  makeTrustBundleSet,
  nextTrustBundleSet,
  parseTrustBundle,
} from './trust-bundle.ts'
import type { TrustBundle, TrustBundleSet } from './trust-bundle.ts'
import { verifyX509Svid } from './verify.ts'
import { parseCertificate } from './x509-svid.ts'

export interface FileSourceOptions extends TrustFiles {
  readonly trustDomain: string
  readonly svid?: { readonly certFile: string; readonly keyFile: string }
  readonly clock: Clock
}

/** Throws `IdentitySourceError` with every problem found. */
export async function openFileSource(options: FileSourceOptions): Promise<IdentitySource> {
  const bundles = await readBundles(options.trustDomain, options)
  const problems: SourceProblem[] = bundles.ok ? [] : [...bundles.error]
  for (const bundle of bundles.ok ? bundles.value : []) {
    if (bundle.anchors.length === 0) problems.push(emptyBundle(bundle.trustDomain))
  }
  if (!bundles.ok || problems.length > 0) throw new IdentitySourceError(problems)
  const set = makeTrustBundleSet(bundles.value, 1)
  const svid = await readOwnSvid(options, set)
  if (!svid.ok) throw new IdentitySourceError([svid.error])
  return new FileSource(options, set, svid.value)
}

class FileSource implements IdentitySource {
  readonly #options: FileSourceOptions
  #files: TrustFiles
  #bundles: TrustBundleSet
  #svid: OwnSvid | undefined
  /** Reloads run one after another, so that an older read never overwrites a newer one. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: FileSourceOptions, bundles: TrustBundleSet, svid: OwnSvid | undefined) {
    this.#options = options
    this.#files = options
    this.#bundles = bundles
    this.#svid = svid
  }

  get trustDomain(): string {
    return this.#options.trustDomain
  }

  bundles(): TrustBundleSet {
    return this.#bundles
  }

  ownSvid(): OwnSvid | undefined {
    return this.#svid
  }

  reload(files?: TrustFiles): Promise<ReloadReport> {
    const report = this.#last.then(() => this.#reloadNow(files ?? this.#files))
    this.#last = report
    return report
  }

  close(): void {
    // Files are opened for one read each: there is nothing to give back.
  }

  async #reloadNow(files: TrustFiles): Promise<ReloadReport> {
    const problems: SourceProblem[] = []
    const warnings: string[] = []
    const before = { bundles: this.#bundles, certPem: this.#svid?.certPem }
    const bundles = await readBundles(this.#options.trustDomain, files)
    if (bundles.ok) {
      this.#files = files
      this.#bundles = nextTrustBundleSet(this.#bundles, bundles.value)
      for (const { trustDomain, anchors } of bundles.value) {
        // Trust_Domain_and_Bundle.md §4.1.3: a domain that empties its bundle revokes its SVIDs.
        if (anchors.length === 0) warnings.push(`${trustDomain} now trusts nothing`)
      }
    } else {
      problems.push(...bundles.error)
    }
    const svid = await readOwnSvid(this.#options, this.#bundles)
    if (svid.ok) this.#svid = svid.value
    else problems.push(svid.error)
    const changed = this.#bundles !== before.bundles || this.#svid?.certPem !== before.certPem
    return { changed, problems, warnings }
  }
}

function emptyBundle(trustDomain: string): SourceProblem {
  return {
    message: `the trust bundle of ${trustDomain} holds no X.509 authority`,
    hint: 'add a key with "use": "x509-svid" and its CA certificate in x5c, or remove the domain',
  }
}

async function readBundles(
  trustDomain: string,
  { bundleFile, foreignBundleFiles }: TrustFiles,
): Promise<Result<readonly TrustBundle[], readonly SourceProblem[]>> {
  const files = new Map([[trustDomain, bundleFile], ...(foreignBundleFiles ?? [])])
  const bundles: TrustBundle[] = []
  const problems: SourceProblem[] = []
  for (const [domain, file] of files) {
    const bytes = await readBounded(file, false)
    if (!bytes.ok) {
      problems.push(bytes.error)
      continue
    }
    const bundle = parseTrustBundle(domain, bytes.value)
    if (bundle.ok) bundles.push(bundle.value)
    else {
      const { message, hint } = bundle.error
      problems.push({ message: `${file} (trust bundle of ${domain}): ${message}`, hint })
    }
  }
  return problems.length > 0 ? err(problems) : ok(bundles)
}

async function readOwnSvid(
  { trustDomain, svid, clock }: FileSourceOptions,
  bundles: TrustBundleSet,
): Promise<Result<OwnSvid | undefined, SourceProblem>> {
  if (svid === undefined) return ok(undefined)
  const cert = await readBounded(svid.certFile, false)
  if (!cert.ok) return cert
  const key = await readBounded(svid.keyFile, true)
  if (!key.ok) return key
  const certPem = cert.value.toString('utf8')
  const keyPem = new Secret(key.value.toString('utf8'))

  const blocks = readPem(certPem)
  if (!blocks.ok) return problem(`${svid.certFile}: ${blocks.error}`, HINT_SVID)
  const chain = blocks.value.filter(({ label }) => label === 'CERTIFICATE').map((b) => b.bytes)
  const verified = verifyX509Svid(chain, bundles, clock.now())
  if (!verified.ok) {
    const { code, detail } = verified.error
    return problem(`${svid.certFile}: ${detail} (${code})`, HINT_SVID)
  }
  const { id, expiresAt } = verified.value
  if (id.trustDomain !== trustDomain) {
    return problem(`${svid.certFile}: ${id.text} is not of ${trustDomain}`, HINT_SVID)
  }
  const [leaf] = chain
  if (leaf === undefined || !isKeyOf(keyPem, leaf)) {
    return problem(
      `${svid.keyFile}: not the private key of ${svid.certFile}`,
      'write certificate and key together, as PEM (PKCS#8), then reload',
    )
  }
  return ok(Object.freeze({ id, certPem, keyPem, expiresAt }))
}

const HINT_SVID = 'give a valid X.509-SVID of our own trust domain as PEM, the leaf first'

function isKeyOf(keyPem: Secret, leaf: Buffer): boolean {
  const certificate = parseCertificate(leaf)
  if (!certificate.ok) return false
  try {
    const spki = createPublicKey(createPrivateKey(keyPem.reveal())).export({
      format: 'der',
      type: 'spki',
    })
    return spki.equals(certificate.value.spki)
  } catch {
    // Not a private key that OpenSSL can read; its message could quote the file, so it goes.
    return false
  }
}

/** Reads through one handle, so that the permissions checked are those of the bytes read. */
async function readBounded(
  file: string,
  isPrivate: boolean,
): Promise<Result<Buffer, SourceProblem>> {
  let handle: FileHandle | undefined
  try {
    handle = await open(file, 'r')
    const stat = await handle.stat()
    if (isPrivate && (stat.mode & 0o077) !== 0) {
      return problem(`${file} is open to others than its owner`, `run: chmod 600 ${file}`)
    }
    if (!stat.isFile() || stat.size > MAX_BUNDLE_BYTES) {
      return problem(`${file} is not a file of at most ${MAX_BUNDLE_BYTES} bytes`, HINT_PATH)
    }
    return ok(await handle.readFile())
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown error'
    return problem(`${file} cannot be read: ${reason}`, HINT_PATH)
  } finally {
    await handle?.close()
  }
}

const HINT_PATH = 'check the path and its permissions'

function problem(message: string, hint: string): { ok: false; error: SourceProblem } {
  return err({ message, hint })
}
