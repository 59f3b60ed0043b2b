// Which changes a reload cannot put into force. The answer comes from the schema's own notes, so
// that what docs/CONFIG.md says and what a reload does cannot differ.

import { configJsonSchema, variantsOf, type JsonSchema } from './json-schema.ts'
import type { ParsedConfig } from './schema.ts'
import { pathText, type ConfigPath } from './problem.ts'

/** The paths of all changed fields that take a restart, e.g. `listen.data.address`. */
export function changesNeedingRestart(before: ParsedConfig, after: ParsedConfig): string[] {
  const changed: string[] = []
  compare(configJsonSchema(), before, after, [], changed)
  return changed
}

function compare(
  schema: JsonSchema,
  before: unknown,
  after: unknown,
  path: ConfigPath,
  changed: string[],
): void {
  const properties = new Map(
    variantsOf(schema).flatMap((variant) => Object.entries(variant.properties ?? {})),
  )
  if (properties.size > 0 && isRecord(before) && isRecord(after)) {
    for (const [key, child] of properties) {
      compare(child, before[key], after[key], [...path, key], changed)
    }
    return
  }
  if (schema['x-reload'] !== 'hot' && JSON.stringify(before) !== JSON.stringify(after)) {
    changed.push(pathText(path))
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
