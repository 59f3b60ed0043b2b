// `PolicyEngine` on compiled Rego. Promises: one evaluation cannot change the next one. Whatever
// throws (a rule conflict, a failing built-in, exhausted memory) costs the instance its life; the
// next evaluation runs on a fresh one made from an image of the memory with the data in it, and a
// spare stands ready so that nobody waits for it.
//
// The memory maximum bounds memory, not time: a slow policy is refused by its timing at activation
// (bundle/activate.ts).

import type { Result } from '../../util/result.ts'
import { err, ok } from '../../util/result.ts'
import type { EvaluationInput, PolicyEngine, PolicyFailure } from '../engine.ts'
import type { Builtin, BuiltinTable } from './builtins/builtin.ts'
import { type InstanceImage, PolicyInstance } from './instance.ts'
import { PAGE_BYTES, type WasmModule } from './webassembly.ts'

/** How much an evaluation may add to the data: 16 MiB end a runaway loop within 0.1 s. */
export const EVALUATION_PAGES = 256
/** Room that an ordinary evaluation needs, so that its memory never grows page by page. */
const WORKING_PAGES = 16
/** Parsed data takes about 9.3 times its JSON text; V8 is slow when a memory grows bit by bit. */
const DATA_EXPANSION = 10
/** A module's own data and stack never exceed its file by more than this. */
const MODULE_PAGES = 4
const MAX_PAGES = 65_536

export interface WasmEngineOptions {
  readonly module: WasmModule
  /** Size of the module's file, for the first memory. */
  readonly moduleBytes: number
  /** JSON text of the data document, an object. */
  readonly data: string
  readonly bundles: PolicyEngine['bundles']
  readonly builtins: BuiltinTable
  /** Runs `task` soon, when no request waits; by default `setImmediate`. */
  readonly later?: (task: () => void) => void
}

export type WasmEngineFailure =
  | { readonly kind: 'module'; readonly detail: string }
  | { readonly kind: 'builtins'; readonly missing: readonly string[] }

export interface WasmEngine extends PolicyEngine {
  /** How many instances were thrown away. */
  readonly discarded: number
}

export function createWasmEngine(
  options: WasmEngineOptions,
): Result<WasmEngine, WasmEngineFailure> {
  try {
    const first = firstInstance(options)
    const required = first.requiredBuiltins()
    const missing = [...required.keys()].filter((name) => !options.builtins.has(name)).sort()
    if (missing.length > 0) return err({ kind: 'builtins', missing })
    const bound = bindings(required, options.builtins)
    const entrypoints = first.entrypoints()
    first.loadData(options.data)
    return ok(new Engine(options, first.image(), bound, entrypoints))
  } catch (error) {
    return err({ kind: 'module', detail: messageOf(error) })
  }
}

/** Names of the built-ins that a module leaves to the host, sorted. Throws for a broken module. */
export function requiredBuiltins(module: WasmModule, moduleBytes: number): readonly string[] {
  const instance = firstInstance({ module, moduleBytes, data: '{}' })
  return [...instance.requiredBuiltins().keys()].sort()
}

function firstInstance({
  module,
  moduleBytes,
  data,
}: Pick<WasmEngineOptions, 'module' | 'moduleBytes' | 'data'>): PolicyInstance {
  const dataBytes = Buffer.byteLength(data)
  const base = MODULE_PAGES + WORKING_PAGES + Math.ceil(moduleBytes / PAGE_BYTES)
  const initialPages = base + Math.ceil((dataBytes * (DATA_EXPANSION + 1)) / PAGE_BYTES)
  const maximumPages = Math.min(MAX_PAGES, 2 * initialPages + EVALUATION_PAGES)
  return new PolicyInstance(module, { initialPages, maximumPages })
}

function bindings(
  required: ReadonlyMap<string, number>,
  builtins: BuiltinTable,
): ReadonlyMap<number, Builtin> {
  const bound = new Map<number, Builtin>()
  for (const [name, id] of required) {
    const builtin = builtins.get(name)
    if (builtin !== undefined) bound.set(id, builtin)
  }
  return bound
}

class Engine implements WasmEngine {
  readonly bundles: PolicyEngine['bundles']
  readonly entrypoints: readonly string[]
  readonly #module: WasmModule
  readonly #image: InstanceImage
  readonly #bound: ReadonlyMap<number, Builtin>
  readonly #ids: ReadonlyMap<string, number>
  readonly #later: (task: () => void) => void
  #active: PolicyInstance | undefined
  #spare: PolicyInstance | undefined
  #isSpareDue = false
  #discarded = 0

  constructor(
    options: WasmEngineOptions,
    image: InstanceImage,
    bound: ReadonlyMap<number, Builtin>,
    entrypoints: ReadonlyMap<string, number>,
  ) {
    this.bundles = Object.freeze({ ...options.bundles })
    this.entrypoints = Object.freeze([...entrypoints.keys()].sort())
    this.#module = options.module
    this.#image = image
    this.#bound = bound
    this.#ids = entrypoints
    this.#later = options.later ?? setImmediate
    this.#active = this.#restore()
    this.#spare = this.#restore()
  }

  get discarded(): number {
    return this.#discarded
  }

  evaluate(entrypoint: string, input: EvaluationInput): Result<unknown, PolicyFailure> {
    const result = this.evaluateText(entrypoint, input)
    if (!result.ok) return result
    try {
      const value: unknown = JSON.parse(result.value)
      return ok(value)
    } catch (error) {
      return failure('threw', messageOf(error))
    }
  }

  evaluateText(entrypoint: string, input: EvaluationInput): Result<string, PolicyFailure> {
    const id = this.#ids.get(entrypoint)
    if (id === undefined) return failure('unavailable', `no entrypoint ${entrypoint}`)
    let instance: PolicyInstance
    try {
      instance = this.#active ??= this.#restore()
    } catch (error) {
      return failure('unavailable', `no instance: ${messageOf(error)}`)
    }
    try {
      return resultOf(instance.evaluate(id, input.text, input))
    } catch (error) {
      this.#discard()
      return failure('threw', messageOf(error))
    }
  }

  #discard(): void {
    this.#discarded += 1
    this.#active = this.#spare
    this.#spare = undefined
    if (this.#isSpareDue) return
    this.#isSpareDue = true
    this.#later(() => {
      this.#isSpareDue = false
      this.#provideSpare()
    })
  }

  /** Without memory for a spare the next evaluation that needs one tries again, and says so. */
  #provideSpare(): void {
    try {
      this.#spare = this.#restore()
    } catch {
      this.#spare = undefined
    }
  }

  #restore(): PolicyInstance {
    const { pages } = this.#image
    const maximumPages = Math.min(MAX_PAGES, pages + EVALUATION_PAGES)
    const instance = new PolicyInstance(this.#module, { initialPages: pages, maximumPages })
    instance.adopt(this.#image)
    instance.bind(this.#bound)
    return instance
  }
}

const PREFIX = '[{"result":'
const SUFFIX = '}]'

/** OPA answers with a result set; of an entrypoint it is empty or holds one value. */
function resultOf(text: string): Result<string, PolicyFailure> {
  if (text === '[]') return failure('undefined', 'the entrypoint is undefined for this input')
  if (text.startsWith(PREFIX) && text.endsWith(SUFFIX)) {
    return ok(text.slice(PREFIX.length, -SUFFIX.length))
  }
  throw new Error('the result set has another form than is known')
}

function failure(kind: PolicyFailure['kind'], detail: string): Result<never, PolicyFailure> {
  return err({ kind, detail })
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
