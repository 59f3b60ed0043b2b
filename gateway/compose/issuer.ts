// Our own OIDC issuer, as the configuration sets it: keys or a signer, tokens whose post-condition is
// checked, and the documents that the clouds read.

import { randomUUID } from 'node:crypto'
import type { Config, IssuerConfig, SignerConfig } from '../config/config.ts'
import { refusal } from '../errors.ts'
import { checkedSource } from '../issuer/checked-source.ts'
import { openCommandSigner } from '../issuer/command-signer.ts'
import { issuerDocuments } from '../issuer/discovery.ts'
import { createIssuerSource } from '../issuer/issuer-source.ts'
import { openKeyRing } from '../issuer/key-ring.ts'
import { fixedKeySource, type IssuerKeys, type IssuerKeySource } from '../issuer/key-source.ts'
import type { JwtSvidSource } from '../spiffe/jwt-svid.ts'
import type { Clock } from '../util/clock.ts'
import { err } from '../util/result.ts'
import { systemTimers, type Timers } from '../util/timers.ts'

export interface Issuer {
  readonly source: JwtSvidSource
  /** Request path → JSON text, as of now; empty without an issuer. */
  documents(): ReadonlyMap<string, string>
  close(): void
}

export interface IssuerPorts {
  readonly clock: Clock
  /** Hears why keys cannot be read. */
  readonly onProblem: (error: unknown) => void
  /** Default: the system's. */
  readonly timers?: Timers
}

/** `config`: what is in force; of it, only the tokens' lifetime may change later. */
export async function openIssuer(config: () => Config, ports: IssuerPorts): Promise<Issuer> {
  const { issuer } = config()
  if (issuer === undefined) return NO_ISSUER
  const { clock } = ports
  const keys = await openKeySource(issuer, ports)
  const sourceFor = (tokenTtl: number): JwtSvidSource =>
    createIssuerSource({
      issuerUrl: issuer.url,
      keys,
      tokenTtlSeconds: Math.floor(tokenTtl / 1000),
      randomId: randomUUID,
      clock,
    })
  let current = { tokenTtl: issuer.tokenTtl, source: sourceFor(issuer.tokenTtl) }
  const source: JwtSvidSource = {
    fetch: (request) => {
      const { tokenTtl = issuer.tokenTtl } = config().issuer ?? {}
      if (tokenTtl !== current.tokenTtl) current = { tokenTtl, source: sourceFor(tokenTtl) }
      return current.source.fetch(request)
    },
  }
  return {
    source: checkedSource(source, { issuerUrl: issuer.url, keys, clock }),
    documents: documentsOf(issuer.url, keys),
    close: () => keys.close(),
  }
}

/** Written anew only when the keys are others. */
function documentsOf(url: string, keys: IssuerKeySource): Issuer['documents'] {
  let written = { keys: keys.current(), documents: issuerDocuments(url, keys.current()) }
  return () => {
    const now = keys.current()
    if (now !== written.keys) written = { keys: now, documents: issuerDocuments(url, now) }
    return written.documents
  }
}

async function openKeySource(
  { keys, signer, algorithms }: IssuerConfig,
  { clock, onProblem, timers = systemTimers }: IssuerPorts,
): Promise<IssuerKeySource> {
  if (signer !== undefined) return fixedKeySource(await openSigner(signer, timers))
  if (keys === undefined) throw new TypeError('the configuration was not checked: nothing signs')
  return openKeyRing({ directory: keys.dir, algorithms, clock, timers, onProblem })
}

/** Enough for a script to find its tools; all else the configuration gives. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** @throws TypeError for a key that is good for no algorithm of ours */
export function openSigner(signer: SignerConfig, timers: Timers): Promise<IssuerKeys> {
  const [program, ...args] = signer.argv
  if (program === undefined) throw new TypeError('the configuration was not checked: no program')
  return openCommandSigner({
    argv: [program, ...args],
    env: { PATH, ...signer.env },
    deadlineMs: signer.timeout,
    output: signer.output,
    publicKey: signer.publicKey.text,
    others: signer.alsoPublish.map(({ text }) => text),
    timers,
  })
}

/** A configuration whose credentials need no token may have no issuer. */
const NO_ISSUER: Issuer = {
  source: {
    fetch: () =>
      Promise.resolve(err(refusal('ERR_SG_CREDENTIAL_CONFIG', 'no issuer is configured'))),
  },
  documents: () => new Map(),
  close: () => undefined,
}
