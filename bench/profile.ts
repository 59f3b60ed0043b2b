// Where the gateway's time goes: a V8 CPU profile, its self time added up by station, that is by
// folder of gateway/, by package, and by part of Node.

import { readFileSync } from 'node:fs'

export interface ProfileShare {
  readonly place: string
  /** Of the time in which the process was not idle. */
  readonly percent: number
}

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

const IDLE = '(idle)'

export function readProfile(file: string): readonly ProfileShare[] {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile
  const places = new Map(profile.nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]))
  const times = new Map<string, number>()
  let total = 0
  for (const [index, id] of profile.samples.entries()) {
    const place = places.get(id) ?? IDLE
    const time = profile.timeDeltas[index] ?? 0
    if (place === IDLE) continue
    total += time
    times.set(place, (times.get(place) ?? 0) + time)
  }
  return [...times]
    .map(([place, time]) => ({ place, percent: (100 * time) / total }))
    .sort((a, b) => b.percent - a.percent)
}

/** `gateway/signing`, `undici`, `node:internal/tls`, `(garbage collector)`, … */
function placeOf({ functionName, url }: { functionName: string; url: string }): string {
  const inPackage = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)
  if (inPackage?.[1] !== undefined) return inPackage[1]
  const own = /\/dist\/(gateway|bench)(?=\/)(\/[^/]+(?=\/))?/.exec(url)
  if (own !== null) return `${own[1] ?? ''}${own[2] ?? ''}`
  if (url.startsWith('node:')) return url.replace(/^(node:(?:internal\/)?[^/]+).*$/, '$1')
  if (url.startsWith('wasm:')) return 'policy (WASM)'
  return functionName === '' ? '(native)' : functionName
}
