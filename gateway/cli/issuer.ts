// `issuer keys`, `issuer rotate` and `issuer publish`: the keys of the embedded OIDC issuer. They
// work on the key directory; running gateways that share it follow by themselves.

import { openSigner } from '../compose/issuer.ts'
import type { IssuerConfig } from '../config/config.ts'
import { GatewayError } from '../errors.ts'
import type { IssuerAlgorithm } from '../issuer/algorithms.ts'
import { issuerKeysOf } from '../issuer/key-ring.ts'
import type { IssuerKeys } from '../issuer/key-source.ts'
import { openIssuerKeys, readIssuerKeys, type KeySet } from '../issuer/keys.ts'
import { DOCUMENT_HEADERS, publishDocuments } from '../issuer/publish.ts'
import { systemClock } from '../util/clock.ts'
import { formatRfc3339 } from '../util/rfc3339.ts'
import { systemTimers } from '../util/timers.ts'
import { CliError, type Action, type CliIo } from './command.ts'
import { readConfig } from './read-config.ts'
import { asCliError } from './start-error.ts'

export interface IssuerOptions {
  readonly config: string
  readonly json: boolean
}

export interface IssuerPublishOptions extends IssuerOptions {
  readonly out: string
}

/** Exit 0: there they are; 2: they cannot be read. */
export const issuerKeys: Action<IssuerOptions> = async ({ config, json }, io) => {
  const issuer = await readIssuer(config, io)
  const rows = await told(() =>
    issuer.keys === undefined ? signerRows(issuer) : directoryRows(issuer, issuer.keys.dir),
  )
  if (json) io.out(`${JSON.stringify({ issuer: issuer.url, keys: rows })}\n`)
  else for (const row of rows) io.out(rowText(row))
  return 0
}

/** Exit 0: written; 2: not. */
export const issuerPublish: Action<IssuerPublishOptions> = async ({ config, out, json }, io) => {
  const issuer = await readIssuer(config, io)
  const files = await told(async () =>
    publishDocuments({
      issuerUrl: issuer.url,
      keys: await keysOf(issuer),
      out,
      keyDirectory: issuer.keys?.dir,
      now: systemClock.now(),
    }),
  )
  if (json) {
    io.out(`${JSON.stringify({ issuer: issuer.url, files, headers: DOCUMENT_HEADERS })}\n`)
    return 0
  }
  for (const { path, file } of files) io.out(`${file}  →  ${originOf(issuer.url)}${path}\n`)
  const headers = Object.entries(DOCUMENT_HEADERS).map(([name, value]) => `${name}: ${value}`)
  io.out(`serve both with: ${headers.join('; ')}\n`)
  return 0
}

export async function readIssuer(path: string, io: CliIo): Promise<IssuerConfig> {
  const { issuer } = (await readConfig(path, io)).config
  if (issuer !== undefined) return issuer
  throw new CliError(2, `${path} has no issuer`, 'Add `issuer: { url: …, keys: { dir: … } }`.')
}

/** What an operator can mend ends the command with its text. */
export async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof GatewayError || error instanceof TypeError ? asCliError(error) : error
  }
}

interface KeyRow {
  readonly state: string
  readonly algorithm: IssuerAlgorithm
  readonly kid: string
  readonly published?: string
  readonly signs_from?: string
  readonly retired?: string
}

async function directoryRows({ algorithms }: IssuerConfig, directory: string): Promise<KeyRow[]> {
  const rows: KeyRow[] = []
  for (const algorithm of algorithms) {
    const { published } = await readIssuerKeys(directory, algorithm)
    for (const { state, jwk, notes } of published) {
      rows.push({
        state,
        algorithm,
        kid: jwk.kid,
        ...(notes.publishedAt === undefined ? {} : { published: formatRfc3339(notes.publishedAt) }),
        ...(notes.signsFrom === undefined ? {} : { signs_from: formatRfc3339(notes.signsFrom) }),
        ...(notes.retiredAt === undefined ? {} : { retired: formatRfc3339(notes.retiredAt) }),
      })
    }
  }
  return rows
}

async function signerRows(issuer: IssuerConfig): Promise<KeyRow[]> {
  const { published, signers } = await keysOf(issuer)
  const active = new Set([...signers.values()].map(({ kid }) => kid))
  return published.map(({ jwk }) => ({
    state: active.has(jwk.kid) ? 'active' : 'published',
    algorithm: jwk.alg,
    kid: jwk.kid,
  }))
}

function rowText({ state, algorithm, kid, published, signs_from: from, retired }: KeyRow): string {
  const notes = [
    published === undefined ? '' : `published ${published}`,
    from === undefined ? '' : `signs from ${from}`,
    retired === undefined ? '' : `retired ${retired}`,
  ].filter((note) => note !== '')
  return `${state.padEnd(9)} ${algorithm} ${kid}  ${notes.join(', ')}`.trimEnd() + '\n'
}

async function keysOf({ keys, signer, algorithms }: IssuerConfig): Promise<IssuerKeys> {
  if (signer !== undefined) return openSigner(signer, systemTimers)
  if (keys === undefined) throw new TypeError('the configuration was not checked: nothing signs')
  const sets = new Map<IssuerAlgorithm, KeySet>()
  for (const algorithm of algorithms) {
    sets.set(algorithm, await openIssuerKeys(keys.dir, algorithm))
  }
  return issuerKeysOf(sets)
}

function originOf(url: string): string {
  return /^https?:\/\/[^/]+/.exec(url)?.[0] ?? url
}
