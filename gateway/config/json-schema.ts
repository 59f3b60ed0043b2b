// `svidgate.schema.json`: what editors check and complete with. Draft 7, which the YAML language
// server reads best. Our own keywords (`x-reload`, `x-unit`, …) are ignored by editors and read by
// the document generator and the search for the nearest key.

import { z } from 'zod'
import { configSchema } from './schema.ts'

const REFERENCE = '|\\$\\{[A-Za-z_]'

export interface JsonSchema {
  readonly title?: string
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchema
  readonly items?: JsonSchema
  readonly oneOf?: readonly JsonSchema[]
  readonly anyOf?: readonly JsonSchema[]
  readonly 'x-reload'?: 'hot' | 'restart'
  readonly 'x-unit'?: string
  readonly 'x-least'?: string
  readonly 'x-most'?: string
}

export function configJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(configSchema, {
    target: 'draft-7',
    io: 'input',
    reused: 'inline',
    override: ({ jsonSchema }) => {
      // A `${NAME}` reference may stand in any text; what it yields is checked on loading.
      const { pattern } = jsonSchema
      if (pattern?.endsWith(REFERENCE) === false) jsonSchema.pattern = pattern + REFERENCE
    },
  })
  return {
    ...(schema as JsonSchema),
    title: 'svidgate.yaml',
    description: 'Configuration of svidgate, version 1.',
  }
}

/** The alternatives of a union, or the schema itself. */
export function variantsOf(schema: JsonSchema): readonly JsonSchema[] {
  return schema.oneOf ?? schema.anyOf ?? [schema]
}

/** The schema of one key below `schema`, for the variant that `value` belongs to. */
function childOf(schema: JsonSchema, value: unknown, key: string | number): JsonSchema | undefined {
  for (const variant of variantsOf(schema)) {
    if (!fits(variant, value)) continue
    if (typeof key === 'number') return variant.items
    const named = variant.properties?.[key]
    if (named !== undefined) return named
    if (typeof variant.additionalProperties === 'object') return variant.additionalProperties
  }
  return undefined
}

/** A variant of a union is told by its `kind`. */
function fits(variant: JsonSchema, value: unknown): boolean {
  const kind = variant.properties?.['kind']?.const
  return kind === undefined || kind === property(value, 'kind')
}

function property(value: unknown, key: string | number): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.getOwnPropertyDescriptor(value, key)?.value
}

/** The schema at a path of a document; undefined where the schema knows no such place. */
export function schemaAt(
  root: JsonSchema,
  document: unknown,
  path: readonly (string | number)[],
): JsonSchema | undefined {
  let schema: JsonSchema | undefined = root
  let value = document
  for (const key of path) {
    if (schema === undefined) return undefined
    schema = childOf(schema, value, key)
    value = property(value, key)
  }
  return schema
}

/** The keys that may stand at a place. */
export function knownKeys(schema: JsonSchema, value: unknown): string[] {
  return variantsOf(schema)
    .filter((variant) => fits(variant, value))
    .flatMap((variant) => Object.keys(variant.properties ?? {}))
}
