// `svidgate serve` as a process of its own, before the sandbox cloud: its log, its signals, its end.

import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'
import { startCli } from './child.ts'
import { createScene, type Scene, type SceneOptions } from './scene.ts'

export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string }

export interface GatewayProcess {
  readonly scene: Scene
  readonly port: number
  readonly webCaPem: string
  readonly healthPort: number
  readonly issuerPort: number
  readonly pid: number
  readonly log: readonly LogLine[]
  /** The first line, from `from` on, that matches; rejects when the process ends before. */
  untilLog(pattern: RegExp, from?: number): Promise<LogLine>
  kill(signal: NodeJS.Signals): void
  /** How it ended. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
}

export async function startGatewayProcess(
  t: Test,
  options: SceneOptions = {},
): Promise<GatewayProcess> {
  const scene = await createScene(options)
  const gateway = await serveScene(t, scene, scene.path, () => scene.close())
  scene.issuerOrigin = `http://127.0.0.1:${gateway.issuerPort}`
  return gateway
}

/** Another gateway before the same cloud, by a configuration of its own: a replica. */
export async function startReplica(
  t: Test,
  scene: Scene,
  change: (configText: string) => string,
): Promise<GatewayProcess> {
  const path = join(scene.dir, 'replica.yaml')
  await writeFile(path, change(scene.configText))
  return serveScene(t, scene, path, () => Promise.resolve())
}

async function serveScene(
  t: Test,
  scene: Scene,
  path: string,
  close: () => Promise<void>,
): Promise<GatewayProcess> {
  const child = startCli(['serve', '-c', path])
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }))
  t.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await ended
    await close()
  })
  const log: LogLine[] = []
  const waiting = new Set<() => void>()
  const wake = (): void => waiting.forEach((check) => check())
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      log.push(JSON.parse(line) as LogLine)
      wake()
    })
  }
  let isEnded = false
  void ended.then(() => {
    isEnded = true
    wake()
  })
  const untilLog = (pattern: RegExp, from = 0): Promise<LogLine> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        const found = log.slice(from).find((line) => pattern.test(line.msg))
        if (found === undefined && !isEnded) return
        waiting.delete(check)
        if (found !== undefined) resolve(found)
        else reject(new Error(`the gateway ended without ${pattern}: ${stderr}`))
      }
      waiting.add(check)
      check()
    })
  const ready = await untilLog(/^svidgate is ready$/)
  return {
    scene,
    port: Number(ready['dataPort']),
    webCaPem: scene.webCaPem,
    healthPort: Number(ready['healthPort']),
    issuerPort: Number(ready['issuerPort']),
    pid: child.pid ?? 0,
    log,
    untilLog,
    kill: (signal) => void child.kill(signal),
    ended,
  }
}
