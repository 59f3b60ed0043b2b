// Our own OIDC issuer, as the configuration sets it: keys, tokens whose post-condition is checked,
// and the documents that the clouds read.

import { randomUUID } from 'node:crypto'
import type { Config } from '../config/config.ts'
import { refusal } from '../errors.ts'
import { checkedSource } from '../issuer/checked-source.ts'
import { issuerDocuments } from '../issuer/discovery.ts'
import { createIssuerSource } from '../issuer/issuer-source.ts'
import { openIssuerKeys } from '../issuer/keys.ts'
import type { JwtSvidSource } from '../spiffe/jwt-svid.ts'
import type { Clock } from '../util/clock.ts'
import { err } from '../util/result.ts'

export interface Issuer {
  readonly source: JwtSvidSource
  /** Request path → JSON text. */
  readonly documents: ReadonlyMap<string, string>
}

/** `config`: what is in force; of it, only the tokens' lifetime may change later. */
export async function openIssuer(config: () => Config, clock: Clock): Promise<Issuer> {
  const { issuer } = config()
  if (issuer === undefined) return { source: NO_ISSUER, documents: new Map() }
  const keys = await openIssuerKeys(issuer.keys.dir)
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
    documents: issuerDocuments(issuer.url, keys),
  }
}

/** A configuration whose credentials need no token may have no issuer. */
const NO_ISSUER: JwtSvidSource = {
  fetch: () => Promise.resolve(err(refusal('ERR_SG_CREDENTIAL_CONFIG', 'no issuer is configured'))),
}
