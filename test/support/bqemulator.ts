// bqemulator (Apache-2.0), written by others: a BigQuery REST API on DuckDB that really runs what it is
// sent. It checks no credential, names no referenced table, and runs a script that it is asked to try
// dry (measured in test/real/bigquery/emulator.ts): whoever judges, judges before it.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isListening, startServerProcess } from './server-process.ts'
import { toolPath } from './tools.ts'

const HOST = '127.0.0.1'
/** Loading its Python takes most of it; on a busy machine, a multiple. */
const START_MS = 60_000

export interface EmulatorAnswer {
  readonly status: number
  readonly body: unknown
}

/** `<project>.<dataset>.<table>` → number of its rows. */
export type Inventory = Readonly<Record<string, number>>

export interface BqEmulator {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string
  call(method: string, path: string, body?: unknown): Promise<EmulatorAnswer>
  /** Runs statements one by one; throws where one fails. */
  run(project: string, statements: readonly string[]): Promise<void>
  createDataset(project: string, dataset: string): Promise<void>
  /** Every table of these projects. */
  inventory(projects: readonly string[]): Promise<Inventory>
  stop(): Promise<void>
}

export async function startBqEmulator(): Promise<BqEmulator> {
  const dir = await mkdtemp(join(tmpdir(), 'svidgate-bqemulator-'))
  const removeDir = (): Promise<void> => rm(dir, { recursive: true, force: true })
  const ports = ['--rest-host', HOST, '--rest-port', '0', '--grpc-host', HOST, '--grpc-port', '0']
  const logging = ['--log-format', 'json', '--log-level', 'info']
  const server = await startServerProcess({
    command: [toolPath('bqemulator', 'bin/python'), '-m', 'bqemulator', 'start', '--ephemeral']
      .concat(ports)
      .concat(logging),
    cwd: dir,
    // Where the tool was built with the extension that it loads at start.
    env: { HOME: toolPath('bqemulator', 'home') },
    isReady: async (output) => {
      const port = portOf(output)
      return port !== undefined && (await isListening(HOST, port))
    },
    deadlineMs: START_MS,
  }).catch(async (error: unknown) => {
    await removeDir()
    throw error
  })
  const origin = `http://${HOST}:${portOf(server.output()) ?? 0}`
  const call = async (method: string, path: string, body?: unknown): Promise<EmulatorAnswer> => {
    const answer = await fetch(`${origin}/bigquery/v2/${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) }
  }
  return {
    origin,
    call,
    run: async (project, statements) => {
      for (const query of statements) {
        const { status, body } = await call('POST', `projects/${project}/queries`, {
          query,
          useLegacySql: false,
        })
        const { errors } = body as { errors?: unknown }
        if (status !== 200 || errors !== undefined) throw new Error(JSON.stringify(body))
      }
    },
    createDataset: async (project, dataset) => {
      const { status, body } = await call('POST', `projects/${project}/datasets`, {
        datasetReference: { projectId: project, datasetId: dataset },
      })
      if (status !== 200) throw new Error(JSON.stringify(body))
    },
    inventory: (projects) => inventoryOf(call, projects),
    stop: async () => {
      await server.stop()
      await removeDir()
    },
  }
}

/** Its log tells the port that the system gave it. */
function portOf(output: string): number | undefined {
  const line = output.split('\n').find((text) => text.includes('"event": "rest.listen"'))
  const port: unknown = line === undefined ? undefined : Reflect.get(JSON.parse(line), 'port')
  return typeof port === 'number' ? port : undefined
}

async function inventoryOf(
  call: BqEmulator['call'],
  projects: readonly string[],
): Promise<Inventory> {
  const found: Record<string, number> = {}
  for (const project of projects) {
    const datasets = await listed(call, `projects/${project}/datasets`, 'datasets')
    for (const dataset of datasets.map((entry) => idOf(entry, 'datasetReference', 'datasetId'))) {
      const path = `projects/${project}/datasets/${dataset}/tables`
      for (const entry of await listed(call, path, 'tables')) {
        const name = `${project}.${dataset}.${idOf(entry, 'tableReference', 'tableId')}`
        const query = `SELECT COUNT(*) FROM \`${name}\``
        const counted = await call('POST', `projects/${project}/queries`, {
          query,
          useLegacySql: false,
        })
        found[name] = Number(/"v":"(\d+)"/.exec(JSON.stringify(counted.body))?.[1])
      }
    }
  }
  return found
}

async function listed(call: BqEmulator['call'], path: string, name: string): Promise<unknown[]> {
  const { body } = await call('GET', path)
  const entries: unknown = Reflect.get(Object(body), name)
  return Array.isArray(entries) ? entries : []
}

function idOf(entry: unknown, reference: string, id: string): string {
  const value: unknown = Reflect.get(Object(Reflect.get(Object(entry), reference)), id)
  if (typeof value !== 'string') throw new Error(`no ${reference}.${id}: ${JSON.stringify(entry)}`)
  return value
}
