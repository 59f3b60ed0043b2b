// Identity from files that another program writes: trust bundles (PEM or SPIFFE bundle JSON) and,
// optionally, the gateway's own SVID with its key. Opening demands that everything is good. A
// reload takes over bundles all together or not at all, and the SVID by itself: a certificate whose
// key has not been replaced yet must not delay a change of trust. Watched files are read again when
// they change; whoever replaces them must do so by renaming, as a half written one is another.

import { ok } from '../util/result.ts'
import type { Result } from '../util/result.ts'
import { Secret } from '../util/secret.ts'
import type { Clock } from '../util/clock.ts'
import { problem, readBounded, readBundleFiles } from './files/read.ts'
import { watchFiles, type FileWatch } from './files/watch.ts'
import { makeOwnSvid } from './own-svid.ts'
import { readPem } from './pem.ts'
import { IdentitySourceError } from './source.ts'
import type {
  IdentitySource,
  OwnSvid,
  ReloadReport,
  SourceObserver,
  SourceProblem,
  TrustFiles,
} from './source.ts'
import { makeTrustBundleSet, nextTrustBundleSet } from './trust-bundle.ts'
import type { TrustBundleSet } from './trust-bundle.ts'

export interface FileSourceOptions extends TrustFiles {
  readonly trustDomain: string
  readonly svid?: { readonly certFile: string; readonly keyFile: string }
  readonly clock: Clock
  /** Reads again by itself whenever one of the files changes. */
  readonly watch?: boolean
  readonly observer?: SourceObserver
}

/** Throws `IdentitySourceError` with every problem found. */
export async function openFileSource(options: FileSourceOptions): Promise<IdentitySource> {
  const bundles = await readBundleFiles(bundleFilesOf(options.trustDomain, options))
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
  readonly #watch: FileWatch | undefined

  constructor(options: FileSourceOptions, bundles: TrustBundleSet, svid: OwnSvid | undefined) {
    this.#options = options
    this.#files = options
    this.#bundles = bundles
    this.#svid = svid
    if (options.watch === true) {
      this.#watch = watchFiles(() => this.#changedOnDisk())
      this.#follow()
    }
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
    this.#watch?.close()
  }

  #follow(): void {
    const { trustDomain, svid } = this.#options
    const own = svid === undefined ? [] : [svid.certFile, svid.keyFile]
    this.#watch?.follow([...bundleFilesOf(trustDomain, this.#files).values(), ...own])
  }

  #changedOnDisk(): void {
    void this.reload().then(({ changed, problems, warnings }) => {
      const tell = this.#options.observer
      for (const { message, hint } of problems) {
        tell?.happened({ part: 'files', result: 'rejected', detail: `${message}; ${hint}` })
      }
      if (problems.length > 0) return
      const detail = warnings.length === 0 ? {} : { detail: warnings.join('; ') }
      tell?.happened({ part: 'files', result: changed ? 'updated' : 'unchanged', ...detail })
    })
  }

  async #reloadNow(files: TrustFiles): Promise<ReloadReport> {
    const problems: SourceProblem[] = []
    const warnings: string[] = []
    const before = { bundles: this.#bundles, certPem: this.#svid?.certPem }
    const bundles = await readBundleFiles(bundleFilesOf(this.#options.trustDomain, files))
    if (bundles.ok) {
      this.#files = files
      this.#follow()
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
    if (changed) this.#options.observer?.changed()
    return { changed, problems, warnings }
  }
}

function emptyBundle(trustDomain: string): SourceProblem {
  return {
    message: `the trust bundle of ${trustDomain} holds no X.509 authority`,
    hint: 'add a key with "use": "x509-svid" and its CA certificate in x5c, or remove the domain',
  }
}

function bundleFilesOf(
  trustDomain: string,
  { bundleFile, foreignBundleFiles }: TrustFiles,
): ReadonlyMap<string, string> {
  const own = bundleFile === undefined ? [] : [[trustDomain, bundleFile] as const]
  return new Map([...own, ...(foreignBundleFiles ?? [])])
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
  const blocks = readPem(cert.value.toString('utf8'))
  if (!blocks.ok) return problem(`${svid.certFile}: ${blocks.error}`, HINT_SVID)
  const own = makeOwnSvid({
    chain: blocks.value.filter(({ label }) => label === 'CERTIFICATE').map((b) => b.bytes),
    key: new Secret(key.value.toString('utf8')),
    trustDomain,
    bundles,
    now: clock.now(),
  })
  if (own.ok) return own
  const { part, message } = own.error
  return part === 'certificate'
    ? problem(`${svid.certFile}: ${message}`, HINT_SVID)
    : problem(
        `${svid.keyFile}: ${message} ${svid.certFile}`,
        'write certificate and key together, as PEM (PKCS#8), then reload',
      )
}

const HINT_SVID = 'give a valid X.509-SVID of our own trust domain as PEM, the leaf first'
