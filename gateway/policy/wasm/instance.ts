// One instance of a compiled policy, spoken to through OPA's WASM ABI 1.2+ (openpolicyagent.org,
// "WebAssembly", ABI). Whatever throws out of here leaves the instance unusable: the module's
// shadow stack is not unwound, and after enough throws every later evaluation fails. The engine
// therefore throws the instance away; this file only promises to throw rather than to guess.

import { type Builtin, BuiltinError, type EvaluationContext } from './builtins/builtin.ts'
import { parseRegoValue, type RegoValue, writeRegoValue } from './rego-value.ts'
import {
  createMemory,
  instantiate,
  PAGE_BYTES,
  type WasmFunction,
  type WasmInstance,
  type WasmMemory,
  type WasmModule,
} from './webassembly.ts'

/** A module that has aborted, with its own words. */
export class PolicyAbort extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'PolicyAbort'
  }
}

/** Linear memory with the data parsed into it: a new instance needs no more than a copy. */
export interface InstanceImage {
  readonly pages: number
  /** Everything below the heap pointer; what lies above is zero in a new memory. */
  readonly bytes: Buffer
  readonly dataAddress: number
  readonly heapPointer: number
}

export interface InstanceLimits {
  readonly initialPages: number
  readonly maximumPages: number
}

interface Exports {
  readonly opa_eval: WasmFunction
  readonly opa_malloc: WasmFunction
  readonly opa_json_parse: WasmFunction
  readonly opa_json_dump: WasmFunction
  readonly opa_value_parse: WasmFunction
  readonly opa_value_dump: WasmFunction
  readonly opa_heap_ptr_get: WasmFunction
  readonly builtins: WasmFunction
  readonly entrypoints: WasmFunction
}

const JSON_RESULT = 0

export class PolicyInstance {
  readonly #memory: WasmMemory
  readonly #exports: Exports
  readonly abiMinor: number
  #view: Buffer
  #dataAddress = 0
  #heapPointer = 0
  #builtins: ReadonlyMap<number, Builtin> = new Map()
  #context: EvaluationContext = { nowNs: '0' }

  /** Throws for a module that lacks the ABI or asks for other imports. */
  constructor(module: WasmModule, limits: InstanceLimits) {
    this.#memory = createMemory(limits.initialPages, limits.maximumPages)
    this.#view = Buffer.from(this.#memory.buffer)
    const instance = instantiate(module, { env: this.#imports() })
    this.abiMinor = abiMinorVersion(instance)
    this.#exports = exportedFunctions(instance)
  }

  /** Parses the data document into the memory; to be done once, before anything is evaluated. */
  loadData(json: string): void {
    const length = Buffer.byteLength(json)
    const address = this.#exports.opa_malloc(length)
    this.#refreshView()
    this.#view.write(json, address, 'utf8')
    this.#dataAddress = this.#exports.opa_json_parse(address, length)
    if (this.#dataAddress === 0) throw new PolicyAbort('the module could not parse the data')
    this.#heapPointer = this.#exports.opa_heap_ptr_get()
  }

  image(): InstanceImage {
    this.#refreshView()
    return {
      pages: this.#view.length / PAGE_BYTES,
      bytes: Buffer.from(this.#view.subarray(0, this.#heapPointer)),
      dataAddress: this.#dataAddress,
      heapPointer: this.#heapPointer,
    }
  }

  /** Puts the instance into the state of `image`, which must come from the same module. */
  adopt(image: InstanceImage): void {
    this.#refreshView()
    image.bytes.copy(this.#view)
    this.#dataAddress = image.dataAddress
    this.#heapPointer = image.heapPointer
  }

  /** Binds the module's numbers of its host built-ins to functions. */
  bind(builtins: ReadonlyMap<number, Builtin>): void {
    this.#builtins = builtins
  }

  /** Name → number of the built-ins that the module leaves to the host. */
  requiredBuiltins(): ReadonlyMap<string, number> {
    return this.#numbers(this.#exports.builtins())
  }

  /** Path → id, e.g. `svidgate/authz/decision` → 0. */
  entrypoints(): ReadonlyMap<string, number> {
    return this.#numbers(this.#exports.entrypoints())
  }

  /** The result set as JSON text: `[]` or `[{"result":…}]`. Throws when the module aborts. */
  evaluate(entrypoint: number, input: string, context: EvaluationContext): string {
    this.#context = context
    const start = this.#heapPointer
    this.#reserve(start, input.length * 3)
    const length = this.#view.write(input, start, 'utf8')
    const heap = start + length
    const address = this.#exports.opa_eval(
      0,
      entrypoint,
      this.#dataAddress,
      start,
      length,
      heap,
      JSON_RESULT,
    )
    return this.#text(address)
  }

  #reserve(address: number, bytes: number): void {
    this.#refreshView()
    const missing = address + bytes - this.#view.length
    if (missing <= 0) return
    this.#memory.grow(Math.ceil(missing / PAGE_BYTES))
    this.#refreshView()
  }

  #refreshView(): void {
    if (this.#view.buffer === this.#memory.buffer) return
    this.#view = Buffer.from(this.#memory.buffer)
  }

  /** The NUL-terminated UTF-8 text at an address. */
  #text(address: number): string {
    this.#refreshView()
    const end = this.#view.indexOf(0, address)
    if (address === 0 || end === -1) throw new PolicyAbort('the module gave no text')
    return this.#view.toString('utf8', address, end)
  }

  #numbers(address: number): ReadonlyMap<string, number> {
    const value: unknown = JSON.parse(this.#text(this.#exports.opa_json_dump(address)))
    if (typeof value !== 'object' || value === null) {
      throw new PolicyAbort('the module lists its names in no form that is known')
    }
    return new Map(Object.entries(value).map(([name, id]) => [name, Number(id)]))
  }

  #imports(): Readonly<Record<string, WasmMemory | WasmFunction>> {
    const call = (id: number, _context: number, ...args: number[]): number => this.#call(id, args)
    return {
      memory: this.#memory,
      opa_abort: (address: number) => {
        throw new PolicyAbort(this.#text(address))
      },
      opa_println: () => 0,
      opa_builtin0: call,
      opa_builtin1: call,
      opa_builtin2: call,
      opa_builtin3: call,
      opa_builtin4: call,
    }
  }

  /** Address of the result; 0 is Rego's undefined. */
  #call(id: number, addresses: readonly number[]): number {
    const builtin = this.#builtins.get(id)
    if (builtin === undefined) throw new PolicyAbort(`built-in ${String(id)} is not available`)
    const args = addresses.map((address) =>
      parseRegoValue(this.#text(this.#exports.opa_value_dump(address))),
    )
    const value = valueOrUndefined(builtin, args, this.#context)
    if (value === undefined) return 0
    const text = writeRegoValue(value)
    const length = Buffer.byteLength(text)
    const address = this.#exports.opa_malloc(length)
    this.#refreshView()
    this.#view.write(text, address, 'utf8')
    return this.#exports.opa_value_parse(address, length)
  }
}

function valueOrUndefined(
  builtin: Builtin,
  args: readonly RegoValue[],
  context: EvaluationContext,
): RegoValue | undefined {
  try {
    return builtin(args, context)
  } catch (error) {
    if (error instanceof BuiltinError) return undefined
    throw error
  }
}

function abiMinorVersion(instance: WasmInstance): number {
  const major = globalNumber(instance.exports['opa_wasm_abi_version'])
  const minor = globalNumber(instance.exports['opa_wasm_abi_minor_version'])
  if (major !== 1 || minor === undefined || minor < 2) {
    throw new PolicyAbort('the module has another ABI than 1.2 and later 1.x')
  }
  return minor
}

function globalNumber(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null || !('value' in value)) return undefined
  return typeof value.value === 'number' ? value.value : undefined
}

function exportedFunctions({ exports }: WasmInstance): Exports {
  const exported = (name: string): WasmFunction => {
    const value = exports[name]
    if (isWasmFunction(value)) return value
    throw new PolicyAbort(`the module does not export ${name}`)
  }
  return {
    opa_eval: exported('opa_eval'),
    opa_malloc: exported('opa_malloc'),
    opa_json_parse: exported('opa_json_parse'),
    opa_json_dump: exported('opa_json_dump'),
    opa_value_parse: exported('opa_value_parse'),
    opa_value_dump: exported('opa_value_dump'),
    opa_heap_ptr_get: exported('opa_heap_ptr_get'),
    builtins: exported('builtins'),
    entrypoints: exported('entrypoints'),
  }
}

function isWasmFunction(value: unknown): value is WasmFunction {
  return typeof value === 'function'
}
