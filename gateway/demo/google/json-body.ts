// A request body: one JSON object, in UTF-8, of which every member is known and has its type. Real
// services ignore what they do not know; here it is refused, so that nothing unjudged travels along.

import type { IncomingMessage } from 'node:http'
import { err, ok } from '../../util/result.ts'
import type { Result } from '../../util/result.ts'
import type { HeaderIndex } from '../sandbox/raw-head.ts'
import { single } from '../sandbox/raw-head.ts'
import { readBody } from '../sandbox/read-body.ts'
import type { SandboxRequest } from '../sandbox/request-log.ts'
import { googleFault } from './fault.ts'
import type { GoogleFault } from './fault.ts'
import { bad } from './head.ts'
import { isMap, parseJson } from './strict-json.ts'
import type { Json, JsonMap } from './strict-json.ts'

const MAX_BODY_BYTES = 1024 * 1024

/** `int64`: Google takes it as a number and as decimal text. A list has one shape of items. */
export type Shape =
  | 'string'
  | 'boolean'
  | 'int64'
  | 'labels'
  /** Of a query parameter: text or null, and the numbers and booleans that the Node client sends. */
  | 'value'
  | readonly [items: Shape]
  | { readonly [member: string]: Shape }

export async function readJsonObject(
  message: IncomingMessage,
  headers: HeaderIndex,
  entry: SandboxRequest,
): Promise<Result<JsonMap, GoogleFault>> {
  const noted = entry
  const type = (single(headers, 'content-type') ?? '').toLowerCase()
  if (!/^application\/json(?:; ?charset=utf-8)?$/.test(type)) {
    return err(bad('The content type must be application/json'))
  }
  const body = await readBody(message, MAX_BODY_BYTES, (count) => {
    noted.bytesIn += count
  })
  if (!body.ok) {
    const status = body.error === 'too-large' ? 413 : 400
    return err(googleFault(status, 'badRequest', `The request body is ${body.error}`))
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body.value)
    const value = parseJson(text)
    return isMap(value) ? ok(value) : err(bad('The request body must be a JSON object'))
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error
    return err(googleFault(400, 'parseError', `Parse Error: ${error.message}`))
  }
}

/** Undefined where the value has the shape; else what is wrong, and where. */
export function misshape(value: Json, shape: Shape, path: string): string | undefined {
  switch (shape) {
    case 'string':
    case 'boolean':
      return typeof value === shape ? undefined : `${path} must be a ${shape}`
    case 'value':
      return typeof value === 'object' && value !== null ? `${path} must be text` : undefined
    case 'int64':
      return isInt64(value) ? undefined : `${path} must be an integer`
    case 'labels': {
      const isLabels = isMap(value) && [...value.values()].every((at) => typeof at === 'string')
      return isLabels ? undefined : `${path} must be labels`
    }
    default:
      return isList(shape) ? listMisshape(value, shape[0], path) : inside(value, shape, path)
  }
}

function isList(shape: Shape): shape is readonly [items: Shape] {
  return Array.isArray(shape)
}

function isInt64(value: Json): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value)
  return typeof value === 'string' && /^-?\d{1,19}$/.test(value)
}

function listMisshape(value: Json, items: Shape, path: string): string | undefined {
  if (!Array.isArray(value)) return `${path} must be a list`
  for (const [index, item] of (value as readonly Json[]).entries()) {
    const problem = misshape(item, items, `${path}[${index}]`)
    if (problem !== undefined) return problem
  }
  return undefined
}

function inside(value: Json, shape: object, path: string): string | undefined {
  if (!isMap(value)) return `${path} must be an object`
  const shapes = new Map(Object.entries(shape) as [string, Shape][])
  for (const [name, member] of value) {
    const at = path === '' ? name : `${path}.${name}`
    const wanted = shapes.get(name)
    const problem = wanted === undefined ? `unknown field ${at}` : misshape(member, wanted, at)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** For members whose shape was checked. */
export function textIn(map: JsonMap | undefined, name: string): string | undefined {
  const value = map?.get(name)
  return typeof value === 'string' ? value : undefined
}

export function mapIn(map: JsonMap | undefined, name: string): JsonMap | undefined {
  const value = map?.get(name)
  return isMap(value) ? value : undefined
}

export function listIn(map: JsonMap | undefined, name: string): readonly Json[] {
  const value = map?.get(name)
  return Array.isArray(value) ? (value as readonly Json[]) : []
}

export function integerIn(map: JsonMap | undefined, name: string): number | undefined {
  const value = map?.get(name)
  return value === undefined ? undefined : Number(value)
}
