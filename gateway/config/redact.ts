// The configuration as /v1/config may show it: defaults filled in, no secret. What came from the
// environment is shown as the reference that stands in the file, because any of it may be secret.

import { Secret } from '../util/secret.ts'
import type { LoadedConfig } from './load.ts'
import { pathKey, type ConfigPath } from './problem.ts'

export type Shown =
  string | number | boolean | null | readonly Shown[] | { readonly [key: string]: Shown }

type References = LoadedConfig['references']

/** Plain JSON; durations in milliseconds, sizes in bytes, files by path. */
export function redactConfig({ config, references }: LoadedConfig): Shown {
  return show(config, [], references)
}

function show(value: unknown, path: ConfigPath, references: References): Shown {
  const reference = references.get(pathKey(path))
  if (reference !== undefined) return reference.written
  if (value instanceof Secret) return value.toJSON()
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value
  }
  if (typeof value !== 'object' || value === null) return null
  if (Array.isArray(value))
    return value.map((item, index) => show(item, [...path, index], references))
  const shown: Record<string, Shown> = {}
  const entries: Iterable<[unknown, unknown]> =
    value instanceof Map ? value.entries() : Object.entries(value)
  for (const [key, item] of entries) {
    // The text of a certificate says nothing that its path does not.
    if (item === undefined || (key === 'text' && 'path' in value)) continue
    const name = String(key)
    shown[name] = show(item, [...path, name], references)
  }
  return shown
}
