// The gateway's own OIDC issuer without the rest of the gateway: keys in a directory, tokens as the
// gateway mints and checks them, the two documents at `https://oidc.example.org`. For relying parties
// of others, which take nothing but a real issuer at a public name: in a private network.

import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { openIssuer, type Issuer } from '../../gateway/compose/issuer.ts'
import { changed, loadRight } from './config-fixture.ts'
import { peer } from './peers.ts'
import type { SigningKey } from './token-cases.ts'

export interface OwnIssuerOptions {
  /** An empty or missing directory for its keys. */
  readonly keys: string
  readonly address: string
  readonly port: number
  readonly tls: { readonly key: string; readonly cert: string }
}

export interface OwnIssuer {
  /** `iss` */
  readonly url: string
  /** Paths asked for, in order. */
  readonly asked: readonly string[]
  /** A token for an agent of the crew, as the gateway would show it to a cloud. */
  mint(audience: string, role?: string): Promise<string>
  /** What signs now. */
  key(): Promise<SigningKey>
  /** By hand: what was next signs, what signed is still published, and there is a new next key. */
  rotate(): Promise<void>
  /** By hand: the key that signed before is published no more. */
  retire(): Promise<void>
  close(): Promise<void>
}

export function agentOf(role: string): string {
  return `spiffe://example.org/agent/acme/data-crew/${role}`
}

export async function openOwnIssuer(options: OwnIssuerOptions): Promise<OwnIssuer> {
  const { keys, address, port, tls } = options
  const { config } = await loadRight(changed('dir: ./issuer-keys', `dir: ${JSON.stringify(keys)}`))
  const url = config.issuer?.url ?? ''
  const path = (name: string): string => join(keys, name)
  const open = (): Promise<Issuer> =>
    openIssuer(() => config, {
      clock: { now: () => Date.now() },
      onProblem: (error) => asked.push(String(error)),
    })
  const asked: string[] = []
  const first = await open()
  first.close()
  await writeNext(path('next.pem'))
  let issuer = await open()
  const reopen = async (): Promise<void> => {
    issuer.close()
    issuer = await open()
  }
  const server = createServer(tls, (incoming, outgoing) => {
    asked.push(incoming.url ?? '')
    const document = issuer.documents().get(incoming.url ?? '')
    outgoing.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' })
    outgoing.end(document)
  })
  server.listen(port, address)
  await once(server, 'listening')
  return {
    url,
    asked,
    mint: async (audience, role = 'writer') => {
      const subject = agentOf(role)
      const minted = await issuer.source.fetch({
        subject,
        audience,
        peer: peer({ spiffeId: subject, role }),
      })
      if (!minted.ok) throw new Error(minted.error.detail)
      return minted.value.token.reveal()
    },
    key: async () => ({ privateKey: createPrivateKey(await readFile(path('active.pem'))) }),
    rotate: async () => {
      await rename(path('active.pem'), path('retired-1.pem'))
      await rename(path('next.pem'), path('active.pem'))
      await writeNext(path('next.pem'))
      await reopen()
    },
    retire: async () => {
      await rm(path('retired-1.pem'))
      await reopen()
    },
    close: async () => {
      issuer.close()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function writeNext(path: string): Promise<void> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })
  await writeFile(path, pem, { mode: 0o600 })
}
