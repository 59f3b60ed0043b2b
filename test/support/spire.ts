// SPIRE 1.15.2 (Apache-2.0), written by others: one server and one agent on this machine, a trust
// domain of their own. Workloads are told apart by the path of their program. In a private network
// (private-network.ts), where every port is free.

import { execFile } from 'node:child_process'
import { copyFile, mkdir, realpath, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { startServerProcess, type ServerProcess } from './server-process.ts'
import { toolPath } from './tools.ts'

const run = promisify(execFile)

const SERVER = toolPath('spire', 'spire-server')
const AGENT = toolPath('spire', 'spire-agent')
const HOST = '127.0.0.1'
const START_MS = 60_000
/** An entry reaches its agent with the agent's next question to the server. */
const SYNC_SECONDS = 1

export interface SpireOptions {
  /** An empty directory, of a short path: sockets are made in it. */
  readonly dir: string
  readonly trustDomain: string
  readonly port: number
  /** Where it serves its trust bundle to others (SPIFFE Federation, profile https_spiffe). */
  readonly bundlePort: number
}

export interface Workload {
  readonly id: string
  /** Its program. */
  readonly path: string
  readonly ttlSeconds: number
  readonly dnsNames?: readonly string[]
  /** Trust domains. */
  readonly federatesWith?: readonly string[]
}

export interface NextAuthority {
  /** SVIDs are of the new CA from now on. */
  activate(): Promise<void>
  /** SVIDs of the old one are renewed at once. */
  taintOld(): Promise<void>
  /** The old one is in the bundle no more. */
  revokeOld(): Promise<void>
}

interface Authority {
  readonly authority_id: string
}

export interface SvidFiles {
  readonly cert: string
  readonly key: string
  readonly bundle: string
}

export class Spire {
  readonly trustDomain: string
  /** `unix:///…`: the Workload API. */
  readonly endpoint: string
  readonly bundleEndpoint: string
  readonly #dir: string
  readonly #server: ServerProcess
  readonly #agent: ServerProcess

  private constructor(options: SpireOptions, server: ServerProcess, agent: ServerProcess) {
    this.trustDomain = options.trustDomain
    this.endpoint = `unix://${join(options.dir, 'agent.sock')}`
    this.bundleEndpoint = `https://${HOST}:${options.bundlePort}`
    this.#dir = options.dir
    this.#server = server
    this.#agent = agent
  }

  static async start(options: SpireOptions): Promise<Spire> {
    const { dir } = options
    await writeFile(join(dir, 'server.conf'), serverConfiguration(options))
    const server = await startServerProcess({
      command: [SERVER, 'run', '-config', join(dir, 'server.conf')],
      cwd: dir,
      env: { HOME: dir },
      isReady: () => succeeds(SERVER, ['healthcheck', '-socketPath', join(dir, 'server.sock')]),
      deadlineMs: START_MS,
    })
    try {
      return new Spire(options, server, await startAgent(options))
    } catch (error) {
      await server.stop()
      throw error
    }
  }

  /** What an operator types after `spire-server`; gives what it prints. */
  server(command: string, flags: Flags = {}): Promise<string> {
    return serverCommand(this.#dir, command, flags)
  }

  /** The trust bundle of this domain. */
  bundle(format: 'pem' | 'spiffe'): Promise<string> {
    return this.server('bundle show', { format })
  }

  /** @returns the entry's ID */
  async register(workload: Workload): Promise<string> {
    const { id, path, ttlSeconds, dnsNames = [], federatesWith = [] } = workload
    const printed = await this.server('entry create', {
      output: 'json',
      spiffeID: id,
      parentID: hostOf(this.trustDomain),
      selector: `unix:path:${await realpath(path)}`,
      x509SVIDTTL: String(ttlSeconds),
      dns: dnsNames,
      federatesWith: federatesWith.map((domain) => `spiffe://${domain}`),
    })
    const { results } = JSON.parse(printed) as { results: { entry: { id: string } }[] }
    return results[0]?.entry.id ?? ''
  }

  async unregister(entry: string): Promise<void> {
    await this.server('entry delete', { entryID: entry })
  }

  /** This server from now on fetches the bundle of the other one, which knows nothing of it. */
  async federateWith(other: Spire): Promise<void> {
    const path = join(this.#dir, `${other.trustDomain}.json`)
    await writeFile(path, await other.bundle('spiffe'))
    await this.server('federation create', {
      trustDomain: other.trustDomain,
      bundleEndpointURL: other.bundleEndpoint,
      bundleEndpointProfile: 'https_spiffe',
      endpointSpiffeID: `spiffe://${other.trustDomain}/spire/server`,
      trustDomainBundlePath: path,
      trustDomainBundleFormat: 'spiffe',
    })
  }

  /** Forgets the other one; entries that named it are federated with it no more. */
  async dissociate(other: Spire): Promise<void> {
    const id = `spiffe://${other.trustDomain}`
    await this.server('federation delete', { id })
    await this.server('bundle delete', { id, mode: 'dissociate' })
  }

  /** A second CA, in the bundle but not yet in use; then, step by step, in place of the first one. */
  async prepareAuthority(): Promise<NextAuthority> {
    const json = { output: 'json' }
    const printed = await this.server('localauthority x509 prepare', json)
    const { prepared_authority: prepared } = JSON.parse(printed) as Record<string, Authority>
    const shown = await this.server('localauthority x509 show', json)
    const { active } = JSON.parse(shown) as Record<string, Authority>
    const change = (what: string, authority: Authority | undefined) => async (): Promise<void> => {
      await this.server(`localauthority x509 ${what}`, {
        authorityID: authority?.authority_id ?? '',
      })
    }
    return {
      activate: change('activate', prepared),
      taintOld: change('taint', active),
      revokeOld: change('revoke', active),
    }
  }

  /** A copy of a program, so that it has a path of its own. */
  async programOf(name: string, program: string): Promise<string> {
    const path = this.pathOf(name)
    await mkdir(dirname(path), { recursive: true })
    await copyFile(program, path)
    return path
  }

  /** Of a program that was copied under that name. */
  pathOf(name: string): string {
    return join(this.#dir, 'workloads', name)
  }

  /** A copy of SPIRE's own program under that name as a workload; gives the entry's ID. */
  async registerCopy(name: string, workload: Omit<Workload, 'path'>): Promise<string> {
    return this.register({ ...workload, path: await this.programOf(name, AGENT) })
  }

  /** An SVID as files. Until the agent knows of the entry it says that there is no identity. */
  async fetchFiles(name: string, workload: Omit<Workload, 'path'>): Promise<SvidFiles> {
    await this.registerCopy(name, workload)
    return this.fetchCopy(name)
  }

  /** The same for a workload that is registered. */
  async fetchCopy(name: string): Promise<SvidFiles> {
    const to = join(this.#dir, 'fetched', name)
    await mkdir(to, { recursive: true, mode: 0o700 })
    const args = ['api', 'fetch', 'x509', '-socketPath', join(this.#dir, 'agent.sock')]
    const deadline = performance.now() + START_MS
    while (!(await succeeds(this.pathOf(name), [...args, '-silent', '-write', to]))) {
      if (performance.now() > deadline) throw new Error(`no SVID for ${name}:\n${this.log()}`)
      await delay(250)
    }
    const at = (file: string): string => join(to, file)
    return { cert: at('svid.0.pem'), key: at('svid.0.key'), bundle: at('bundle.0.pem') }
  }

  /** Whether its agent has an SVID for the workload of that name now. */
  async serves(name: string): Promise<boolean> {
    const args = ['api', 'fetch', 'x509', '-socketPath', join(this.#dir, 'agent.sock'), '-silent']
    return succeeds(this.pathOf(name), args)
  }

  log(): string {
    return `${this.#server.output()}\n${this.#agent.output()}`
  }

  async stop(): Promise<void> {
    await this.#agent.stop()
    await this.#server.stop()
  }
}

async function startAgent(options: SpireOptions): Promise<ServerProcess> {
  const { dir, trustDomain } = options
  await writeFile(join(dir, 'bundle.pem'), await serverCommand(dir, 'bundle show', {}))
  const flags = { output: 'json', spiffeID: hostOf(trustDomain) }
  const token = await serverCommand(dir, 'token generate', flags)
  const { value } = JSON.parse(token) as { value: string }
  await writeFile(join(dir, 'agent.conf'), agentConfiguration(options))
  return startServerProcess({
    command: [AGENT, 'run', '-config', join(dir, 'agent.conf'), '-joinToken', value],
    cwd: dir,
    env: { HOME: dir },
    isReady: () => succeeds(AGENT, ['healthcheck', '-socketPath', join(dir, 'agent.sock')]),
    deadlineMs: START_MS,
  })
}

function hostOf(trustDomain: string): string {
  return `spiffe://${trustDomain}/host`
}

type Flags = Readonly<Record<string, string | readonly string[]>>

async function serverCommand(dir: string, command: string, flags: Flags): Promise<string> {
  const all = { socketPath: join(dir, 'server.sock'), ...flags }
  const args = Object.entries(all).flatMap(([name, values]) =>
    [values].flat().flatMap((value) => [`-${name}`, value]),
  )
  const { stdout } = await run(SERVER, [...command.split(' '), ...args])
  return stdout
}

async function succeeds(program: string, args: readonly string[]): Promise<boolean> {
  try {
    await run(program, [...args])
    return true
  } catch {
    return false
  }
}

function serverConfiguration({ dir, trustDomain, port, bundlePort }: SpireOptions): string {
  return `
server {
  bind_address = "${HOST}"
  bind_port = ${port}
  trust_domain = "${trustDomain}"
  data_dir = "${join(dir, 'server')}"
  socket_path = "${join(dir, 'server.sock')}"
  log_level = "INFO"
  agent_ttl = "1h"
  federation {
    bundle_endpoint {
      address = "${HOST}"
      port = ${bundlePort}
      refresh_hint = "1s"
      profile "https_spiffe" {}
    }
  }
}
plugins {
  DataStore "sql" {
    plugin_data { database_type = "sqlite3", connection_string = "${join(dir, 'server.sqlite3')}" }
  }
  NodeAttestor "join_token" { plugin_data {} }
  KeyManager "memory" { plugin_data {} }
}
`
}

function agentConfiguration({ dir, trustDomain, port }: SpireOptions): string {
  return `
agent {
  server_address = "${HOST}"
  server_port = ${port}
  trust_domain = "${trustDomain}"
  trust_bundle_path = "${join(dir, 'bundle.pem')}"
  data_dir = "${join(dir, 'agent')}"
  socket_path = "${join(dir, 'agent.sock')}"
  log_level = "INFO"
  experimental { sync_interval = "${SYNC_SECONDS}s" }
}
plugins {
  NodeAttestor "join_token" { plugin_data {} }
  KeyManager "memory" { plugin_data {} }
  WorkloadAttestor "unix" {
    plugin_data { discover_workload_path = true, workload_size_limit = -1 }
  }
}
`
}
