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
import { EMPTY_DENY_LIST, readDenyList, type DenyList } from '../spiffe/deny-list.ts'
import type { SecondFactorPorts } from '../pipeline/second-factor.ts'
import { compileGrammar } from '../spiffe/grammar.ts'
import { JwtSvidCache } from '../spiffe/jwt-svid-cache.ts'
import type { Peer } from '../spiffe/peer.ts'
import type { IdentitySource, OwnSvid, SourceEvent, SourceObserver } from '../spiffe/source.ts'
import { StandingCache } from '../spiffe/standing-cache.ts'
import type { TrustBundleSet } from '../spiffe/trust-bundle.ts'
import { VerdictCache } from '../spiffe/verdict-cache.ts'
import type { Clock } from '../util/clock.ts'
import { err, ok, type Result } from '../util/result.ts'
import { checkSource, openSource, trustSettingsOf, type SourcePorts } from './identity-source.ts'
import type { StartProblem } from './problem.ts'

export interface Identity {
  authenticate(chain: readonly Buffer[]): Result<Peer, Refusal>
  recheck(peer: Peer): Refusal | undefined
  /** What each request must carry beside the certificate; undefined: nothing. */
  readonly secondFactor: SecondFactorPorts | undefined
  /** For open connections after a change: `recheck`, and the names of its ID are still the same. */
  holds(peer: Peer): boolean
  ownSvid(): OwnSvid | undefined
  /** Whether there is a bundle that can vouch for our agents, and an SVID of ours where we show it. */
  isReady(config: Config): boolean
  /** From now on `changed` is told when bundles or our own SVID are others than before. */
  watch(changed: () => void): void
  /** Reads everything again; on a problem all stays as it was. */
  reload(config: Config): Promise<readonly StartProblem[]>
  /** Reads the deny list alone, whose file is still the same; on a problem it stays as it was. */
  reloadDenyList(): Promise<readonly StartProblem[]>
  close(): void
}

export interface IdentityPorts extends Omit<SourcePorts, 'observer'> {
  /** For log and metrics. */
  readonly onSource: (event: SourceEvent) => void
  readonly onState: (state: IdentityState) => void
}

/** What is held after a change. */
export interface IdentityState {
  readonly trustBundles: number
  /** ms since the epoch. */
  readonly ownSvidExpiresAt: number | undefined
}

interface Rules extends NamePorts {
  readonly denyListFile: string | undefined
  readonly denyList: DenyList
}

export async function openIdentity(config: Config, ports: IdentityPorts): Promise<Identity> {
  const { clock, onSource, onState } = ports
  let told = (): void => undefined
  const held: { source?: IdentitySource } = {}
  const tellState = (): void => {
    if (held.source === undefined) return
    const trustBundles = held.source.bundles().trustDomains.length
    onState({ trustBundles, ownSvidExpiresAt: held.source.ownSvid()?.expiresAt })
  }
  const observer: SourceObserver = {
    changed: () => {
      tellState()
      told()
    },
    happened: onSource,
  }
  const source = await openSource(config, { ...ports, observer })
  held.source = source
  tellState()
  const first = await readRules(config)
  if (!first.ok) {
    source.close()
    throw new StartProblems(first.error)
  }
  let rules = first.value
  const inTurn = oneAtATime()
  const verdicts = new VerdictCache()
  const standings = new StandingCache(verdicts)
  const isTrusted = (peer: Peer): boolean =>
    standings.isTrusted(peer, source.bundles(), clock.now())
  const recheck = (peer: Peer): Refusal | undefined =>
    recheckPeer(peer, { isTrusted, denyList: () => rules.denyList, now: clock.now })
  return {
    authenticate: (chain) => {
      const peer = authenticate(chain, {
        verify: (der) => verdicts.verify(der, source.bundles(), clock.now()),
        grammar: rules.grammar,
        foreign: rules.foreign,
        denyList: () => rules.denyList,
        now: clock.now,
      })
      if (peer.ok) standings.add(peer.value, chain)
      return peer
    },
    recheck,
    secondFactor: secondFactorOf(config, () => source.bundles(), clock),
    holds: (peer) => recheck(peer) === undefined && namesHold(peer, rules),
    ownSvid: () => source.ownSvid(),
    isReady: (now) => isSourceReady(source, clock.now(), showsSvid(now)),
    watch: (changed) => {
      told = changed
    },
    reload: (next) =>
      inTurn(async () => {
        const read = await readRules(next)
        if (!read.ok) return read.error
        const report = await source.reload(trustSettingsOf(next))
        if (report.problems.length > 0) return report.problems
        rules = read.value
        return []
      }),
    reloadDenyList: () =>
      inTurn(async () => {
        const problems: StartProblem[] = []
        const denyList = await readDenied(rules.denyListFile, problems)
        if (problems.length === 0) rules = { ...rules, denyList }
        return problems
      }),
    close: () => source.close(),
  }
}

/** What `openIdentity` would stumble over, without asking anybody. */
export async function checkIdentity(config: Config, clock: Clock): Promise<void> {
  await checkSource(config, clock)
  const rules = await readRules(config)
  if (!rules.ok) throw new StartProblems(rules.error)
}

/** Whether agents see our own SVID. */
export function showsSvid({ listen }: Config): boolean {
  return listen.data.tls.some(({ kind }) => kind === 'svid')
}

function isSourceReady(source: IdentitySource, now: number, needsSvid: boolean): boolean {
  const anchors = source.bundles().get(source.trustDomain)?.anchors ?? []
  const hasBundle = anchors.some(({ certificate }) => {
    return now >= certificate.notBefore && now <= certificate.notAfter
  })
  if (!hasBundle || !needsSvid) return hasBundle
  const own = source.ownSvid()
  return own !== undefined && now <= own.expiresAt
}

type Reading = () => Promise<readonly StartProblem[]>

/** Of two readings of one file the one that began later is in force. */
function oneAtATime(): (reading: Reading) => ReturnType<Reading> {
  let last: Promise<unknown> = Promise.resolve()
  return (reading) => {
    const done = last.then(reading)
    last = done.catch(() => undefined)
    return done
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

async function readRules(config: Config): Promise<Result<Rules, readonly StartProblem[]>> {
  const names = compileNames(config)
  const problems: StartProblem[] = names.ok ? [] : [...names.error]
  const denyList = await readDenied(config.identity.denyList, problems)
  if (!names.ok || problems.length > 0) return err(problems)
  return ok({ ...names.value, denyListFile: config.identity.denyList, denyList })
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
