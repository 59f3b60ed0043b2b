// Who may connect: the identity source of the configuration, our validator with its verdict cache,
// the grammars and the deny list, joined into the two functions that the listener and the pipeline
// ask.

import type { Config, FederatedTrustConfig } from '../config/config.ts'
import type { Refusal } from '../errors.ts'
import {
  authenticate,
  namesHold,
  recheckPeer,
  type ForeignNames,
  type NamePorts,
} from '../pipeline/authenticate.ts'
import { openDevSource } from '../spiffe/dev-source.ts'
import { EMPTY_DENY_LIST, readDenyList, type DenyList } from '../spiffe/deny-list.ts'
import { openFileSource } from '../spiffe/file-source.ts'
import type { SecondFactorPorts } from '../pipeline/second-factor.ts'
import { compileGrammar } from '../spiffe/grammar.ts'
import { JwtSvidCache } from '../spiffe/jwt-svid-cache.ts'
import type { Peer } from '../spiffe/peer.ts'
import type { IdentitySource, TrustFiles } from '../spiffe/source.ts'
import type { TrustBundleSet } from '../spiffe/trust-bundle.ts'
import { VerdictCache } from '../spiffe/verdict-cache.ts'
import type { Clock } from '../util/clock.ts'
import { err, ok, type Result } from '../util/result.ts'
import type { StartProblem } from './problem.ts'

export interface Identity {
  authenticate(chain: readonly Buffer[]): Result<Peer, Refusal>
  recheck(peer: Peer): Refusal | undefined
  /** What each request must carry beside the certificate; undefined: nothing. */
  readonly secondFactor: SecondFactorPorts | undefined
  /** For open connections after a change: `recheck`, and the names of its ID are still the same. */
  holds(peer: Peer): boolean
  /** Reads everything again; on a problem all stays as it was. */
  reload(config: Config): Promise<readonly StartProblem[]>
  /** Reads the deny list alone; on a problem it stays as it was. */
  reloadDenyList(config: Config): Promise<readonly StartProblem[]>
  close(): void
}

interface Rules extends NamePorts {
  readonly denyList: DenyList
}

export async function openIdentity(config: Config, clock: Clock): Promise<Identity> {
  const source = await openSource(config, clock)
  const first = await readRules(config)
  if (!first.ok) {
    source.close()
    throw new StartProblems(first.error)
  }
  let rules = first.value
  const verdicts = new VerdictCache()
  const bundles = () => source.bundles()
  const recheck = (peer: Peer): Refusal | undefined =>
    recheckPeer(peer, { bundles, denyList: () => rules.denyList, now: clock.now })
  return {
    authenticate: (chain) =>
      authenticate(chain, {
        verify: (der) => verdicts.verify(der, source.bundles(), clock.now()),
        bundles,
        grammar: rules.grammar,
        foreign: rules.foreign,
        denyList: () => rules.denyList,
        now: clock.now,
      }),
    recheck,
    secondFactor: secondFactorOf(config, bundles, clock),
    holds: (peer) => recheck(peer) === undefined && namesHold(peer, rules),
    reload: async (next) => {
      const read = await readRules(next)
      if (!read.ok) return read.error
      const report = await source.reload(trustFilesOf(next))
      if (report.problems.length > 0) return report.problems
      rules = read.value
      return []
    },
    reloadDenyList: async (now) => {
      const problems: StartProblem[] = []
      const denyList = await readDenied(now.identity.denyList, problems)
      if (problems.length === 0) rules = { ...rules, denyList }
      return problems
    },
    close: () => source.close(),
  }
}

function secondFactorOf(
  { tokenSource }: Config,
  bundles: () => TrustBundleSet,
  clock: Clock,
): SecondFactorPorts | undefined {
  if (tokenSource.kind !== 'presented') return undefined
  const { audience } = tokenSource
  const cache = new JwtSvidCache()
  return {
    audience,
    verify: (token) => cache.verify(token, { bundles: bundles(), audience, now: clock.now() }),
  }
}

/** Something that the configuration names cannot be used; every problem found is in it. */
export class StartProblems extends Error {
  readonly problems: readonly StartProblem[]

  constructor(problems: readonly StartProblem[]) {
    super(problems.map(({ message }) => message).join('\n'))
    this.name = 'StartProblems'
    this.problems = problems
  }
}

function openSource(config: Config, clock: Clock): Promise<IdentitySource> {
  const { trustDomain, identity } = config
  if (identity.source.kind === 'dev') {
    return openDevSource({ trustDomain, dir: identity.source.dir, clock })
  }
  return openFileSource({ trustDomain, clock, ...trustFiles(identity.source, identity) })
}

function trustFilesOf({ identity }: Config): TrustFiles | undefined {
  return identity.source.kind === 'dev' ? undefined : trustFiles(identity.source, identity)
}

function trustFiles(
  source: { readonly trustBundle: string },
  { trustBundles }: Config['identity'],
): TrustFiles {
  const foreign = [...trustBundles].map(([domain, { file }]) => [domain, file] as const)
  return { bundleFile: source.trustBundle, foreignBundleFiles: new Map(foreign) }
}

async function readRules(config: Config): Promise<Result<Rules, readonly StartProblem[]>> {
  const names = compileNames(config)
  const problems: StartProblem[] = names.ok ? [] : [...names.error]
  const denyList = await readDenied(config.identity.denyList, problems)
  if (!names.ok || problems.length > 0) return err(problems)
  return ok({ ...names.value, denyList })
}

/** What the paths of SPIFFE IDs mean, ours and those of partners. */
export function compileNames({
  identity,
  trustDomain,
}: Config): Result<NamePorts, readonly StartProblem[]> {
  const problems: StartProblem[] = []
  const grammar = compileGrammar(identity.grammar, trustDomain)
  if (!grammar.ok) problems.push({ message: grammar.error, hint: 'see identity.grammar' })
  const foreign = new Map<string, ForeignNames>()
  for (const [domain, settings] of identity.trustBundles) {
    const names = foreignNames(domain, settings)
    if (names === undefined) continue
    if (names.ok) foreign.set(domain, names.value)
    else problems.push({ message: names.error, hint: `see identity.trustBundles.${domain}` })
  }
  if (!grammar.ok || problems.length > 0) return err(problems)
  return ok({ grammar: grammar.value, foreign })
}

function foreignNames(
  domain: string,
  { grammar, tenants }: FederatedTrustConfig,
): Result<ForeignNames, string> | undefined {
  if (grammar === undefined) return undefined
  const compiled = compileGrammar(grammar, domain)
  return compiled.ok ? ok({ grammar: compiled.value, tenants }) : compiled
}

async function readDenied(file: string | undefined, problems: StartProblem[]): Promise<DenyList> {
  if (file === undefined) return EMPTY_DENY_LIST
  const read = await readDenyList(file)
  if (read.ok) return read.value
  for (const { line, message } of read.error) {
    problems.push({ message: `${file}:${line}: ${message}`, hint: 'see identity.denyList' })
  }
  return EMPTY_DENY_LIST
}
