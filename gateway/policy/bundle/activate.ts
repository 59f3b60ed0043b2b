// A bundle becomes the policy in force only after everything that can be known beforehand is known:
// its module compiles and speaks our ABI, needs no built-in that we lack, has the entrypoints that
// it says and that we need, takes its data, and answers fast enough to run beside the requests.

import type { Result } from '../../util/result.ts'
import { ok } from '../../util/result.ts'
import type { EvaluationInput, PolicyEngine } from '../engine.ts'
import type { BuiltinTable } from '../wasm/builtins/builtin.ts'
import { compileInputReads, type InputReads } from '../input-reads.ts'
import { hostBuiltins } from '../wasm/host-builtins.ts'
import { createWasmEngine, type WasmEngineFailure } from '../wasm/wasm-engine.ts'
import { compileModule, type WasmModule } from '../wasm/webassembly.ts'
import { type Bundle, readBundle, type Verification } from './bundle.ts'
import { type BundleFailure, bundleFailure } from './bundle-failure.ts'
import { vettingInputs } from './vetting-inputs.ts'

/**
 * A policy that is slower at its 99th percentile blocks the event loop too long
 * (docs/decisions/0004).
 */
export const INLINE_P99_MS = 1
const WARM_UP = 100
const ROUND = 100
/** One good round is enough: other processes on the machine must not refuse a good policy. */
const MOST_ROUNDS = 20
/** However slow the policy, vetting it ends. */
const VETTING_DEADLINE_MS = 2_000

export interface ActivationOptions {
  /** Name of the bundle in the configuration and in records. */
  readonly name: string
  readonly verification: Verification
  /** Entrypoints without which the bundle is of no use. */
  readonly entrypoints: readonly string[]
  /** A clock that only moves forward, in ms with fractions. */
  readonly monotonicMs: () => number
  readonly builtins?: BuiltinTable
}

export interface ActivePolicy {
  readonly engine: PolicyEngine
  readonly name: string
  readonly revision: string
  readonly sha256: string
  /** The key that signed the bundle; undefined: not signed. */
  readonly keyId: string | undefined
  /** What its rules can refer to of the input; undefined: it does not say, so anything. */
  readonly reads: InputReads | undefined
  /** 99th percentile of an evaluation on vetting inputs, ms. */
  readonly p99Ms: number
}

export interface OpenBundle {
  readonly bundle: Bundle
  readonly engine: PolicyEngine
}

/** Everything but the timing: enough to evaluate outside the gateway. */
export function openBundle(
  bytes: Buffer,
  options: Omit<ActivationOptions, 'monotonicMs'>,
): Result<OpenBundle, BundleFailure> {
  const bundle = readBundle(bytes, options.verification)
  if (!bundle.ok) return bundle
  const engine = startEngine(bundle.value, options)
  if (!engine.ok) return engine
  const wrong = wrongEntrypoints(bundle.value, engine.value, options.entrypoints)
  return wrong ?? ok({ bundle: bundle.value, engine: engine.value })
}

export function activateBundle(
  bytes: Buffer,
  options: ActivationOptions,
): Result<ActivePolicy, BundleFailure> {
  const opened = openBundle(bytes, options)
  if (!opened.ok) return opened
  const { bundle, engine } = opened.value
  const p99Ms = vet(engine, options, vettingInputs(bundle.data))
  if (p99Ms > INLINE_P99_MS) {
    return bundleFailure(
      'timing',
      `an evaluation takes ${p99Ms.toFixed(1)} ms (99th percentile); ${String(INLINE_P99_MS)} ms is the most`,
      'look data up by key instead of walking it; see the layout in policies/lib/grants.rego',
    )
  }
  const { manifest, sha256, keyId } = bundle
  const { revision } = manifest
  const reads = manifest.input === undefined ? undefined : compileInputReads(manifest.input.paths)
  return ok({ engine, name: options.name, revision, sha256, keyId, reads, p99Ms })
}

function startEngine(
  bundle: Bundle,
  { name, builtins }: Pick<ActivationOptions, 'name' | 'builtins'>,
): Result<PolicyEngine, BundleFailure> {
  const module = compiled(bundle.module)
  if (!module.ok) return module
  const { manifest, sha256, dataText } = bundle
  const engine = createWasmEngine({
    module: module.value,
    moduleBytes: bundle.module.length,
    data: dataText,
    bundles: { [name]: { revision: manifest.revision, sha256 } },
    builtins: builtins ?? hostBuiltins(),
  })
  return engine.ok ? engine : engineFailure(engine.error)
}

function compiled(bytes: Buffer): Result<WasmModule, BundleFailure> {
  try {
    return ok(compileModule(bytes))
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    return bundleFailure('module', `not WebAssembly: ${detail}`, 'build with `opa build -t wasm`')
  }
}

function engineFailure(failure: WasmEngineFailure): Result<never, BundleFailure> {
  if (failure.kind === 'builtins') {
    return bundleFailure(
      'module',
      `the policy calls what the gateway does not have: ${failure.missing.join(', ')}`,
      'build with --capabilities policies/capabilities.json, which makes OPA name the line',
    )
  }
  return bundleFailure('module', failure.detail, 'build with OPA 1.x and `-t wasm`')
}

/** The manifest's list and the module's own must be the same, and hold what the gateway asks. */
function wrongEntrypoints(
  { manifest }: Bundle,
  { entrypoints }: PolicyEngine,
  required: readonly string[],
): Result<never, BundleFailure> | undefined {
  if (manifest.entrypoints.join('\n') !== entrypoints.join('\n')) {
    return bundleFailure(
      'entrypoints',
      `the manifest lists ${manifest.entrypoints.join(', ')}, the module has ${entrypoints.join(', ')}`,
      'build the bundle again',
    )
  }
  const missing = required.find((path) => !entrypoints.includes(path))
  if (missing === undefined) return undefined
  return bundleFailure(
    'entrypoints',
    `no entrypoint ${missing}; the bundle has ${entrypoints.join(', ')}`,
    `build with --entrypoint ${missing}, or set \`policy.decision\` to one of these`,
  )
}

/** Warms the module up and measures it; in ms. */
function vet(
  engine: PolicyEngine,
  { entrypoints, monotonicMs }: ActivationOptions,
  inputs: readonly EvaluationInput[],
): number {
  const deadline = monotonicMs() + VETTING_DEADLINE_MS
  const measure = (evaluations: number): readonly number[] => {
    const times: number[] = []
    for (let index = 0; index < evaluations && monotonicMs() < deadline; index += 1) {
      const entrypoint = entrypoints[index % entrypoints.length]
      const input = inputs[Math.floor(index / entrypoints.length) % inputs.length]
      if (entrypoint === undefined || input === undefined) break
      const start = monotonicMs()
      engine.evaluate(entrypoint, input)
      times.push(monotonicMs() - start)
    }
    return times
  }
  const warmUp = measure(WARM_UP)
  let best: number | undefined
  for (let round = 0; round < MOST_ROUNDS && (best ?? Infinity) > INLINE_P99_MS; round += 1) {
    const times = measure(ROUND)
    if (times.length < ROUND) break
    best = Math.min(best ?? Infinity, percentile99(times))
  }
  // A policy too slow for even one round is judged by its warm-up.
  return best ?? percentile99(warmUp)
}

function percentile99(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * 0.99) - 1)] ?? 0
}
