// Keycloak 26.4.0 (Apache-2.0), written by others: an identity provider that lets clients prove
// themselves with a token of another issuer (OIDC client assertions, RFC 7523 §2.2, as Entra's
// federated credentials do). In a private network (private-network.ts), where every port is free.

import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ask } from './http-client.ts'
import { startServerProcess, type ServerProcess } from './server-process.ts'
import { toolPath } from './tools.ts'

const PORT = 8080
const HEALTH_PORT = 9000
const REALM = 'agents'
const PROVIDER = 'svidgate'
/** It makes its database at each start; on a busy machine of two cores that took 80 s. */
const START_MS = 240_000

export interface KeycloakOptions {
  /** An empty directory. */
  readonly dir: string
  /** Our issuer. Keycloak reads its keys from there, over HTTPS. */
  readonly issuer: string
  /** PEM of the CA of the issuer's certificate. */
  readonly ca: string
  /** Client id → the `sub` that proves it. */
  readonly clients: Readonly<Record<string, string>>
}

export interface Keycloak {
  /** What a token has to be for. */
  readonly audience: string
  /** Client credentials grant (RFC 6749 §4.4) with the assertion in place of a secret. */
  authenticate(assertion: string): Promise<KeycloakAnswer>
  stop(): Promise<void>
}

export interface KeycloakAnswer {
  readonly status: number
  /** OAuth 2.0 (RFC 6749 §5), parsed. */
  readonly body: Readonly<Record<string, unknown>>
}

export async function startKeycloak(options: KeycloakOptions): Promise<Keycloak> {
  const { dir } = options
  const installed = toolPath('keycloak', 'keycloak-26.4.0')
  // Its own files stay as they are built; what it writes, it writes in a home of this run.
  await mkdir(join(dir, 'data', 'import'), { recursive: true })
  for (const part of ['bin', 'lib', 'conf', 'providers', 'themes']) {
    await symlink(join(installed, part), join(dir, part))
  }
  await writeFile(join(dir, 'data', 'import', `${REALM}.json`), JSON.stringify(realm(options)))
  await writeFile(join(dir, 'issuer-ca.pem'), options.ca)
  const server = await startServerProcess({
    command: ['java', ...JVM, ...home(dir), MAIN, 'start', '--optimized', ...settings(dir)],
    cwd: dir,
    env: { HOME: dir },
    isReady,
    deadlineMs: START_MS,
  })
  return client(server)
}

/** As bin/kc.sh starts it, but for a heap and a compiler that suit a server of a minute. */
const JVM = [
  '-Xmx512m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '--add-opens=java.base/java.util=ALL-UNNAMED',
  '--add-opens=java.base/java.util.concurrent=ALL-UNNAMED',
  '--add-opens=java.base/java.security=ALL-UNNAMED',
  '-Djava.util.logging.manager=org.jboss.logmanager.LogManager',
  '-Djava.util.concurrent.ForkJoinPool.common.threadFactory=' +
    'io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory',
]
const MAIN = 'io.quarkus.bootstrap.runner.QuarkusEntryPoint'

function home(dir: string): readonly string[] {
  return [
    `-Dkc.home.dir=${dir}`,
    `-Djboss.server.config.dir=${join(dir, 'conf')}`,
    '-cp',
    join(dir, 'lib', 'quarkus-run.jar'),
  ]
}

function settings(dir: string): readonly string[] {
  return [
    '--http-enabled=true',
    '--http-host=127.0.0.1',
    `--http-port=${PORT}`,
    `--http-management-port=${HEALTH_PORT}`,
    `--hostname=http://127.0.0.1:${PORT}`,
    '--cache=local',
    `--truststore-paths=${join(dir, 'issuer-ca.pem')}`,
    '--import-realm',
    // An unknown key is asked for at once; the default is every 10 s at most.
    '--spi-public-key-storage--infinispan--min-time-between-requests=0',
  ]
}

async function isReady(): Promise<boolean> {
  try {
    return (await ask({ port: HEALTH_PORT }, { path: '/health/ready' })).status === 200
  } catch {
    return false
  }
}

/** A realm as Keycloak imports it (Server Administration Guide, "Importing realms"). */
function realm({ issuer, clients }: KeycloakOptions): object {
  return {
    realm: REALM,
    enabled: true,
    identityProviders: [
      {
        alias: PROVIDER,
        providerId: 'oidc',
        enabled: true,
        config: {
          issuer,
          useJwksUrl: 'true',
          jwksUrl: `${issuer}/.well-known/jwks.json`,
          validateSignature: 'true',
          supportsClientAssertions: 'true',
          // For logins of people, which there are none of here.
          clientId: 'unused',
          clientSecret: 'unused',
          authorizationUrl: `${issuer}/unused`,
          tokenUrl: `${issuer}/unused`,
        },
      },
    ],
    clients: Object.entries(clients).map(([clientId, subject]) => ({
      clientId,
      enabled: true,
      publicClient: false,
      standardFlowEnabled: false,
      serviceAccountsEnabled: true,
      clientAuthenticatorType: 'federated-jwt',
      attributes: { 'jwt.credential.issuer': PROVIDER, 'jwt.credential.sub': subject },
    })),
  }
}

function client(server: ServerProcess): Keycloak {
  const audience = `http://127.0.0.1:${PORT}/realms/${REALM}`
  return {
    audience,
    authenticate: async (assertion) => {
      const response = await fetch(`${audience}/protocol/openid-connect/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: assertion,
        }),
      })
      const body = (await response.json()) as KeycloakAnswer['body']
      return { status: response.status, body }
    },
    stop: () => server.stop(),
  }
}
