// What a host built-in is: a pure function of its arguments and of the request's frozen clock, so
// that a recorded input gives the same decision again.

import type { RegoArray, RegoObject, RegoSet, RegoValue } from '../rego-value.ts'

export interface EvaluationContext {
  /** `time.now_ns()` of this evaluation: digits, nanoseconds since the Unix epoch. */
  readonly nowNs: string
}

export type Builtin = (args: readonly RegoValue[], context: EvaluationContext) => RegoValue

export type BuiltinTable = ReadonlyMap<string, Builtin>

/**
 * Arguments for which the built-in has no value. As in OPA the call is then undefined. Any other
 * exception in a built-in is our mistake and aborts the evaluation.
 */
export class BuiltinError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'BuiltinError'
  }
}

export function stringOperand(value: RegoValue | undefined): string {
  if (typeof value === 'string') return value
  throw new BuiltinError('a string is expected')
}

/** An integer that fits in 64 bits, as OPA's nanosecond operands must. */
export function int64Operand(value: RegoValue | undefined): bigint {
  if (value === undefined || !hasKind(value, 'number'))
    throw new BuiltinError('a number is expected')
  const integer = integerOf(value.text)
  if (BigInt.asIntN(64, integer) !== integer) throw new BuiltinError('the number is too big')
  return integer
}

function integerOf(text: string): bigint {
  if (/^-?[0-9]+$/.test(text)) return BigInt(text)
  const value = Number(text)
  if (!Number.isInteger(value)) throw new BuiltinError('an integer is expected')
  return BigInt(value)
}

export function hasKind(value: RegoValue, kind: 'array'): value is RegoArray
export function hasKind(value: RegoValue, kind: 'set'): value is RegoSet
export function hasKind(value: RegoValue, kind: 'object'): value is RegoObject
export function hasKind(value: RegoValue, kind: 'number'): value is { kind: 'number'; text: string }
export function hasKind(value: RegoValue, kind: string): boolean {
  return value !== null && typeof value === 'object' && value.kind === kind
}
