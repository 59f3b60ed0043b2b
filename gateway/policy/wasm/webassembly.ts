// The few parts of the WebAssembly JavaScript interface that the engine uses, typed here because
// the gateway is compiled without the DOM library that declares them. The one place that reads the
// global object.

declare const compiled: unique symbol

export interface WasmModule {
  readonly [compiled]: true
}

export interface WasmMemory {
  /** Detached and replaced whenever the memory grows. */
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}

export type WasmFunction = (...args: number[]) => number

export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>
}

export interface WasmImports {
  readonly env: Readonly<Record<string, WasmMemory | WasmFunction>>
}

interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => WasmModule
  readonly Instance: new (module: WasmModule, imports: WasmImports) => WasmInstance
  readonly Memory: new (descriptor: { initial: number; maximum: number }) => WasmMemory
}

const found: unknown = Reflect.get(globalThis, 'WebAssembly')
const api = found as WebAssemblyApi

export const PAGE_BYTES = 65_536

/** Throws a CompileError for bytes that are no module. */
export function compileModule(bytes: Uint8Array): WasmModule {
  return new api.Module(bytes)
}

/** Throws a RangeError when the address space is used up. */
export function createMemory(initial: number, maximum: number): WasmMemory {
  return new api.Memory({ initial, maximum })
}

/** Throws a LinkError when the module asks for something that `imports` lacks. */
export function instantiate(module: WasmModule, imports: WasmImports): WasmInstance {
  return new api.Instance(module, imports)
}
