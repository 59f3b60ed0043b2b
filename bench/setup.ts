// What a benchmark run is made of: a development trust domain on disk, and the file that tells every
// child process where its things are.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createDevTrustDomain } from '../gateway/spiffe/dev-ca.ts'

export interface KeyPairFiles {
  readonly cert: string
  readonly key: string
}

export interface BenchSetup {
  readonly directory: string
  readonly trustDomain: string
  /** PEM: the CA of the agents' SVIDs. */
  readonly trustBundle: string
  /** PEM: the CA of both server certificates. */
  readonly serverCa: string
  /** For the server under test, and for the origin. */
  readonly server: KeyPairFiles
  readonly agent: KeyPairFiles & { readonly spiffeId: string }
  /** File of a JSON list of key pairs, PEM: SVIDs of the same agent, each shown for the first time once. */
  readonly freshAgents: string
  /** `https://127.0.0.1:<port>`; empty until the origin runs. */
  readonly origin: string
}

const TRUST_DOMAIN = 'bench.example'
const SPIFFE_ID = `spiffe://${TRUST_DOMAIN}/agent/acme/data-crew/writer`
const LIFETIME_SECONDS = 3600

export function createSetup(directory: string, freshAgents: number): BenchSetup {
  const domain = createDevTrustDomain({ trustDomain: TRUST_DOMAIN, now: Date.now() })
  const write = (name: string, text: string): string => {
    const file = join(directory, name)
    writeFileSync(file, text, { mode: 0o600 })
    return file
  }
  const server = domain.issueServerCertificate({ names: ['localhost', '127.0.0.1'] })
  const agent = domain.issueSvid({ spiffeId: SPIFFE_ID, ttlSeconds: LIFETIME_SECONDS })
  const fresh = Array.from({ length: freshAgents }, () => {
    const { certPem, keyPem } = domain.issueSvid({
      spiffeId: SPIFFE_ID,
      ttlSeconds: LIFETIME_SECONDS,
    })
    return { cert: certPem, key: keyPem }
  })
  return {
    directory,
    trustDomain: TRUST_DOMAIN,
    trustBundle: write('trust-bundle.pem', domain.caPem),
    serverCa: write('server-ca.pem', domain.webCaPem),
    server: { cert: write('server.pem', server.certPem), key: write('server.key', server.keyPem) },
    agent: {
      cert: write('agent.pem', agent.certPem),
      key: write('agent.key', agent.keyPem),
      spiffeId: SPIFFE_ID,
    },
    freshAgents: write('agents.json', JSON.stringify(fresh)),
    origin: '',
  }
}

/** For a child process: the file named by its only argument. */
export function readSetup(): BenchSetup {
  const [, , file] = process.argv
  if (file === undefined) throw new TypeError('usage: node <server>.js SETUP_FILE')
  return JSON.parse(readFileSync(file, 'utf8')) as BenchSetup
}
