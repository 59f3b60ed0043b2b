// `make bench`: the gateway beside a bare pass-through, in one run on one machine. Prints a table and
// writes bench/results.json. Options: `--rounds N`; `--quick` (small sizes, to see that it works);
// `--identity` (only what the proof of identity costs); `--out FILE`.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Server } from './children.ts'
import { Bench, seriesOf, type Contender, type Sizes } from './measure.ts'
import { freshAgents, measureIdentity, type IdentitySizes } from './identity.ts'
import { readProfile, type ProfileShare } from './profile.ts'
import type { Measured, Results } from './results.ts'
import { measureSql } from './sql.ts'
import { identityTable, tableOf } from './table.ts'
import { createSetup, type BenchSetup } from './setup.ts'

const MIB = 1024 * 1024

const FULL: Sizes = {
  rounds: 5,
  requests: 10_000,
  warmUp: 3_000,
  connections: 16,
  newConnections: 400,
  uploadBytes: 1024 * MIB,
  manyUploads: 32,
  manyUploadBytes: 64 * MIB,
  memoryRounds: 3,
}

const QUICK: Sizes = {
  ...FULL,
  rounds: 2,
  requests: 1_000,
  warmUp: 500,
  newConnections: 50,
  uploadBytes: 64 * MIB,
  manyUploadBytes: 2 * MIB,
  memoryRounds: 1,
}

const IDENTITY: IdentitySizes = { rounds: 5, handshakes: 400, idleConnections: 10_000 }
const QUICK_IDENTITY: IdentitySizes = { rounds: 2, handshakes: 50, idleConnections: 200 }

const PASS_THROUGH: Contender = { name: 'passThrough', script: './pass-through.js' }
const GATEWAY: Contender = { name: 'gateway', script: './gateway.js' }

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    identity: { type: 'boolean', default: false },
    out: { type: 'string', default: 'bench/results.json' },
  },
})
const base = values.quick ? QUICK : FULL
const sizes: Sizes = { ...base, rounds: Number(values.rounds ?? base.rounds) }
const identitySizes = values.quick ? QUICK_IDENTITY : IDENTITY
const contenders = existsSync(new URL(GATEWAY.script, import.meta.url))
  ? [PASS_THROUGH, GATEWAY]
  : [PASS_THROUGH]

const directory = mkdtempSync(join(tmpdir(), 'svidgate-bench-'))
try {
  if (values.identity) {
    const identity = await withBench((bench, setup) => measureIdentity(bench, setup, identitySizes))
    // Beside what was measured before.
    const before = JSON.parse(readFileSync(values.out, 'utf8')) as Results
    write({ ...before, identity })
    process.stdout.write(identityTable(identity))
  } else {
    const results = await measureAll()
    write(results)
    process.stdout.write(tableOf(results))
  }
} finally {
  rmSync(directory, { recursive: true })
}

function write(results: Results): void {
  writeFileSync(values.out, `${JSON.stringify(results, null, 2)}\n`)
}

async function withBench<T>(work: (bench: Bench, setup: BenchSetup) => Promise<T>): Promise<T> {
  const blank = createSetup(directory, freshAgents(identitySizes))
  const setupFile = join(directory, 'origin.json')
  writeFileSync(setupFile, JSON.stringify(blank))
  const origin = await Server.start('./origin.js', setupFile)
  try {
    const setup = { ...blank, origin: `https://127.0.0.1:${String(origin.ready.port)}` }
    return await work(new Bench(setup, sizes), setup)
  } finally {
    await origin.stop()
  }
}

function measureAll(): Promise<Results> {
  const loadBefore = loadavg()
  return withBench(async (bench, setup) => {
    const measured = await measure(bench)
    const hasGateway = contenders.includes(GATEWAY)
    const identity = hasGateway ? await measureIdentity(bench, setup, identitySizes) : undefined
    const profile = hasGateway ? await profileOf(bench) : undefined
    const [cpu] = cpus()
    return {
      machine: {
        cpu: cpu?.model ?? 'unknown',
        cores: cpus().length,
        node: process.version,
        openssl: process.versions.openssl,
        loadBefore,
        loadAfter: loadavg(),
      },
      sizes,
      ...withRatios(measured),
      sql: measureSql(sizes.rounds),
      ...(identity === undefined ? {} : { identity }),
      ...(profile === undefined ? {} : { profile }),
    }
  })
}

type ByName = ReadonlyMap<Contender['name'], Measured>

/** Rounds alternate between the contenders, so that a change of the machine's load meets both. */
async function measure(bench: Bench): Promise<ByName> {
  const servers = await Promise.all(contenders.map(async (contender) => bench.start(contender)))
  const perRequest = contenders.map((): number[] => [])
  const perQuery = contenders.map((): number[] => [])
  const perConnection = contenders.map((): number[] => [])
  try {
    for (let round = 1; round <= sizes.rounds; round += 1) {
      for (const [index, server] of servers.entries()) {
        say(`round ${String(round)} of ${String(sizes.rounds)}: ${contenders[index]?.name ?? ''}`)
        perRequest[index]?.push(await bench.cpuPerRequest(server))
        perQuery[index]?.push(await bench.cpuPerQuery(server))
        perConnection[index]?.push(await bench.cpuPerConnection(server))
      }
    }
  } finally {
    await Promise.all(servers.map(async (server) => server.stop()))
  }
  const one = await growths(bench, 1, sizes.uploadBytes)
  const many = await growths(bench, sizes.manyUploads, sizes.manyUploadBytes)
  return new Map(
    contenders.map(({ name }, index) => [
      name,
      {
        cpuPerRequest: seriesOf(perRequest[index] ?? []),
        cpuPerQuery: seriesOf(perQuery[index] ?? []),
        cpuPerConnection: seriesOf(perConnection[index] ?? []),
        memoryGrowthOneUpload: seriesOf(one[index] ?? []).median,
        memoryGrowthManyUploads: seriesOf(many[index] ?? []).median,
      },
    ]),
  )
}

/** For each contender in turn: when the collector runs decides over a third of what is seen once. */
async function growths(
  bench: Bench,
  uploads: number,
  bytes: number,
): Promise<readonly (readonly number[])[]> {
  const grown = contenders.map((): number[] => [])
  for (let round = 1; round <= sizes.memoryRounds; round += 1) {
    for (const [index, contender] of contenders.entries()) {
      say(`uploads ${String(round)} of ${String(sizes.memoryRounds)}: ${contender.name}`)
      grown[index]?.push(await bench.memoryGrowth(contender, uploads, bytes))
    }
  }
  return grown
}

async function profileOf(bench: Bench): Promise<readonly ProfileShare[]> {
  const output = join(directory, 'profile')
  mkdirSync(output)
  const server = await bench.start(GATEWAY, ['--cpu-prof', `--cpu-prof-dir=${output}`])
  await bench.cpuPerRequest(server)
  await server.stop()
  const [file] = readdirSync(output)
  if (file === undefined)
    throw new Error('the gateway wrote no CPU profile: it did not end by itself')
  return readProfile(join(output, file))
}

function withRatios(measured: ByName): Pick<Results, 'passThrough' | 'gateway' | 'ratios'> {
  const passThrough = measured.get('passThrough')
  const gateway = measured.get('gateway')
  if (passThrough === undefined) throw new TypeError('the pass-through was not measured')
  if (gateway === undefined) return { passThrough }
  return {
    passThrough,
    gateway,
    ratios: {
      cpuPerRequest: gateway.cpuPerRequest.median / passThrough.cpuPerRequest.median,
      cpuPerQuery: gateway.cpuPerQuery.median / passThrough.cpuPerQuery.median,
      cpuPerConnection: gateway.cpuPerConnection.median / passThrough.cpuPerConnection.median,
      memoryGrowthOneUpload: gateway.memoryGrowthOneUpload / passThrough.memoryGrowthOneUpload,
      memoryGrowthManyUploads:
        gateway.memoryGrowthManyUploads / passThrough.memoryGrowthManyUploads,
    },
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}
