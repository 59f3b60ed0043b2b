// What the proof of identity costs: a handshake beside that of a bare mTLS server, with a verdict that
// is known and with one that is not; the check of every request; and a connection that does nothing.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { X509Certificate } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { openIdentity } from '../gateway/compose/identity.ts'
import { nodeFiles } from '../gateway/config/files/node-files.ts'
import { loadConfig } from '../gateway/config/load.ts'
import { systemClock } from '../gateway/util/clock.ts'
import { systemTimers } from '../gateway/util/timers.ts'
import type { Server } from './children.ts'
import type { HandshakeOrder, HandshakeResult } from './handshakes.ts'
import { seriesOf, type Bench, type Contender, type Series } from './measure.ts'
import type { BenchSetup } from './setup.ts'

export interface IdentitySizes {
  readonly rounds: number
  /** Of each kind in a round. */
  readonly handshakes: number
  readonly idleConnections: number
}

/** Beside `bare` stands the gateway; microseconds of CPU. */
export interface Compared {
  readonly bare: Series
  readonly gateway: Series
  readonly ratio: number
}

export interface IdentityResults {
  readonly handshakeCached: Compared
  readonly handshakeCold: Compared
  /** Microseconds of CPU. */
  readonly recheck: Series
  readonly idle: {
    /** Connections of each server that were open when it was measured. */
    readonly connections: number
    /** Bytes of resident memory that each added. */
    readonly bare: number
    readonly gateway: number
    readonly above: number
  }
}

const BARE: Contender = { name: 'bare', script: './bare-mtls.js' }
const GATEWAY: Contender = { name: 'gateway', script: './gateway.js' }
const WARM_UP = 100
const RECHECKS = 1_000_000

/** How many SVIDs it takes until no connection of the cold rounds shows one that was seen before. */
export function freshAgents({ rounds, handshakes }: IdentitySizes): number {
  return 1 + WARM_UP + rounds * handshakes
}

export async function measureIdentity(
  bench: Bench,
  setup: BenchSetup,
  sizes: IdentitySizes,
): Promise<IdentityResults> {
  const { cached, cold } = await compareHandshakes(bench, setup, sizes)
  const recheck = await measureRecheck(setup, sizes.rounds)
  const bare = await idle(bench, BARE, setup, sizes)
  const gateway = await idle(bench, GATEWAY, setup, sizes)
  return {
    handshakeCached: cached,
    handshakeCold: cold,
    recheck,
    idle: {
      connections: Math.min(bare.connections, gateway.connections),
      bare: bare.bytes,
      gateway: gateway.bytes,
      above: gateway.bytes - bare.bytes,
    },
  }
}

async function compareHandshakes(
  bench: Bench,
  setup: BenchSetup,
  sizes: IdentitySizes,
): Promise<{ cached: Compared; cold: Compared }> {
  const servers = [await bench.start(BARE), await bench.start(GATEWAY)]
  const cached: number[][] = [[], []]
  const cold: number[][] = [[], []]
  try {
    const known = { from: 0, to: 1 }
    for (const server of servers) {
      await cpuOf(server, setup, { from: 1, to: 1 + WARM_UP, connections: WARM_UP })
      await cpuOf(server, setup, { ...known, connections: WARM_UP })
    }
    for (let round = 0; round < sizes.rounds; round += 1) {
      const connections = sizes.handshakes
      const from = 1 + WARM_UP + round * connections
      for (const [index, server] of servers.entries()) {
        cached[index]?.push(await cpuOf(server, setup, { ...known, connections }))
        const fresh = { from, to: from + connections, connections }
        cold[index]?.push(await cpuOf(server, setup, fresh))
      }
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
  }
  return { cached: compared(cached), cold: compared(cold) }
}

function compared([bareValues = [], gatewayValues = []]: readonly (readonly number[])[]): Compared {
  const [bare, gateway] = [seriesOf(bareValues), seriesOf(gatewayValues)]
  return { bare, gateway, ratio: gateway.median / bare.median }
}

type Shape = Pick<HandshakeOrder, 'from' | 'to' | 'connections'>

/** CPU microseconds of the server for one handshake and its end. */
async function cpuOf(server: Server, setup: BenchSetup, shape: Shape): Promise<number> {
  const before = { cpu: 0 }
  const client = await openClient(server, setup, shape, async () => {
    before.cpu = (await server.usage()).cpuMicroseconds
  })
  const { connections } = client.result
  if (connections !== shape.connections) throw new Error('a handshake was refused')
  const cpu = (await server.usage()).cpuMicroseconds - before.cpu
  await client.end()
  return cpu / connections
}

/** Bytes that one idle connection adds, the garbage of its handshake and its request collected. */
async function idle(
  bench: Bench,
  contender: Contender,
  setup: BenchSetup,
  { idleConnections }: IdentitySizes,
): Promise<{ connections: number; bytes: number }> {
  const server = await bench.start(contender, ['--expose-gc'])
  try {
    const { path, headers } = server.ready
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    const head = `GET ${path} HTTP/1.1\r\nhost: localhost\r\n${lines}\r\n`.replaceAll(
      '<n>',
      '0'.repeat(10),
    )
    const warm = { from: 0, to: 1, connections: 500, head }
    await (await openClient(server, setup, warm, () => Promise.resolve())).end()
    const before = await server.usage('collected usage')
    const order = { from: 0, to: 1, connections: idleConnections, head }
    const client = await openClient(server, setup, order, () => Promise.resolve())
    const after = await server.usage('collected usage')
    const { connections } = client.result
    await client.end()
    return { connections, bytes: (after.residentBytes - before.residentBytes) / connections }
  } finally {
    await server.stop()
  }
}

interface Client {
  readonly result: HandshakeResult
  end(): Promise<void>
}

async function openClient(
  { ready }: Server,
  { serverCa, freshAgents: agents }: BenchSetup,
  shape: Shape & { readonly head?: string },
  begin: () => Promise<void>,
): Promise<Client> {
  const order: HandshakeOrder = { ...shape, port: ready.port, ca: serverCa, agents }
  const file = fileURLToPath(new URL('./handshakes.js', import.meta.url))
  const child = spawn(process.execPath, [file, JSON.stringify(order)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  const failed = exited.then(([code]) => {
    throw new Error(`the client of the handshakes ended with ${String(code)}`)
  })
  failed.catch(() => undefined)
  await Promise.race([once(child, 'message'), failed])
  await begin()
  const finished = once(child, 'message')
  child.send('go')
  const [result] = (await Promise.race([finished, failed])) as [HandshakeResult]
  const end = async (): Promise<void> => {
    child.send('end')
    await exited
  }
  return { result, end }
}

/** As `serve` asks it for every request, with the identity of the configuration that it ran. */
async function measureRecheck(setup: BenchSetup, rounds: number): Promise<Series> {
  const path = join(setup.directory, 'svidgate.yaml')
  const loaded = await loadConfig(path, { env: {}, files: nodeFiles })
  if (!loaded.ok) throw new Error(loaded.error.map(({ message }) => message).join('; '))
  const identity = await openIdentity(loaded.value.config, {
    clock: systemClock,
    timers: systemTimers,
    random: Math.random,
    fetchBundle: () => Promise.reject(new TypeError('the benchmark has no partners')),
    onSource: () => undefined,
    onState: () => undefined,
  })
  const svid = new X509Certificate(readFileSync(setup.agent.cert))
  const peer = identity.authenticate([svid.raw])
  if (!peer.ok) throw new Error(peer.error.detail)
  const round = (): number => {
    const before = process.cpuUsage()
    let refused = 0
    for (let i = 0; i < RECHECKS; i += 1)
      if (identity.recheck(peer.value) !== undefined) refused += 1
    if (refused > 0) throw new Error('the identity of the benchmark does not hold')
    const { user, system } = process.cpuUsage(before)
    return (user + system) / RECHECKS
  }
  round()
  const series = seriesOf(Array.from({ length: rounds }, round))
  identity.close()
  return series
}
