// docs/CONFIG.md from the schema.

import { variantsOf, type JsonSchema } from '../../gateway/config/json-schema.ts'
import { GENERATED } from './generated.ts'

interface Row {
  readonly path: string
  readonly type: string
  readonly standard: string
  readonly reload: string
  readonly text: string
}

export function configDoc(schema: JsonSchema): string {
  const sections = Object.entries(schema.properties ?? {})
  const required = new Set(schema.required ?? [])
  return [
    '# Configuration',
    '',
    GENERATED,
    '',
    'One YAML file, given with `-c`. An unknown key is an error. `svidgate check -c FILE` shows every',
    'problem with its line, and how to mend it; `svidgate.schema.json` lets an editor do the same',
    '(`# yaml-language-server: $schema=./svidgate.schema.json`). A commented example:',
    '[examples/svidgate.yaml](examples/svidgate.yaml).',
    '',
    '- **References**: `${NAME}` in any text takes an environment variable; `$${` is a literal `${`.',
    '  Where the whole value is one reference, it may give a number, `true` or `false` to a field that',
    '  takes one; within `{ }` and `[ ]` YAML wants it quoted. Secrets stand in the file by reference only.',
    '- **Paths** may begin with `file:`; relative ones start at the directory of the configuration file.',
    '  A private key that group or others can read is refused.',
    '- **Durations** are a whole number and `ms`, `s`, `m`, `h` or `d`; **sizes** a whole number and `B`,',
    '  `KiB`, `MiB` or `GiB`.',
    '- **Reload** (SIGHUP): *hot* fields take effect; a change of a field that takes a *restart* is',
    '  refused, with its name, and the last good generation stays. So it does when the file is wrong.',
    '- Anchors, aliases, merge keys, tags and duplicate keys are refused: a line says all that it means.',
    '',
    ...sections.flatMap(([name, section]) => sectionDoc(name, section, required.has(name))),
  ].join('\n')
}

function sectionDoc(name: string, section: JsonSchema, isRequired: boolean): string[] {
  const rows: Row[] = []
  collect(name, section, isRequired, rows)
  return [
    `## \`${name}\``,
    '',
    section.description ?? '',
    '',
    '| Field | Type | Default | Reload | Meaning |',
    '|---|---|---|---|---|',
    ...rows.map(
      (row) => `| \`${row.path}\` | ${row.type} | ${row.standard} | ${row.reload} | ${row.text} |`,
    ),
    '',
  ]
}

/** One row a leaf; `[]` is any item of a list, `<name>` any key. */
function collect(path: string, schema: JsonSchema, isRequired: boolean, rows: Row[]): void {
  const children = childrenOf(path, schema)
  if (children.length === 0) {
    rows.push(row(path, schema, isRequired))
    return
  }
  if (path.includes('.') || schema.type === 'array' || schema.additionalProperties !== false) {
    if (schema.description !== undefined) rows.push(row(path, schema, isRequired))
  }
  for (const child of children) collect(child.path, child.schema, child.isRequired, rows)
}

interface Child {
  readonly path: string
  readonly schema: JsonSchema
  readonly isRequired: boolean
}

function childrenOf(path: string, schema: JsonSchema): Child[] {
  const variants = variantsOf(schema)
  return variants.flatMap((variant): Child[] => {
    const required = new Set(variant.required ?? [])
    const kind = variant.properties?.['kind']?.const
    // Fields of one kind only say so, where there are several.
    const mark = variants.length > 1 && kind !== undefined ? `(${String(kind)})` : ''
    const own = Object.entries(variant.properties ?? {}).map(([key, child]) => ({
      path: `${path}${mark}.${key}`,
      schema: child,
      isRequired: required.has(key),
    }))
    const { items, additionalProperties } = variant
    const item = items !== undefined && hasFields(items) ? childrenOf(`${path}[]`, items) : []
    const any =
      typeof additionalProperties === 'object' && hasFields(additionalProperties)
        ? childrenOf(`${path}.<name>`, additionalProperties)
        : []
    return [...own, ...item, ...any]
  })
}

function hasFields(schema: JsonSchema): boolean {
  return variantsOf(schema).some((variant) => variant.properties !== undefined)
}

function row(path: string, schema: JsonSchema, isRequired: boolean): Row {
  return {
    path,
    type: typeOf(schema),
    standard: defaultOf(schema, isRequired),
    reload: schema['x-reload'] ?? '',
    text: (schema.description ?? '').replaceAll('|', '\\|'),
  }
}

function typeOf(schema: JsonSchema): string {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``
  if (schema.enum !== undefined) return schema.enum.map((item) => `\`${String(item)}\``).join(', ')
  if (schema.oneOf !== undefined || schema.anyOf !== undefined) return 'by `kind`'
  const unit = schema['x-unit']
  if (schema.type === 'array') {
    return schema.items === undefined ? 'list' : `list, each ${typeOf(schema.items)}`
  }
  if (schema.type === 'object') {
    const values = schema.additionalProperties
    return typeof values === 'object' ? `map, each ${typeOf(values)}` : 'group'
  }
  if (schema.type === 'string') return unit === undefined ? 'text' : unit + bounds(schema)
  if (schema.type === 'integer' || schema.type === 'number') {
    const range =
      schema.maximum === undefined || schema.maximum >= Number.MAX_SAFE_INTEGER
        ? 'whole number'
        : `${schema.minimum}–${schema.maximum}`
    return unit === undefined ? range : `${unit}, ${range}`
  }
  return schema.type ?? 'any'
}

function bounds(schema: JsonSchema): string {
  const least = schema['x-least']
  return least === undefined ? '' : `, ${least}–${schema['x-most']}`
}

function defaultOf(schema: JsonSchema, isRequired: boolean): string {
  if (isRequired) return '**required**'
  if (schema.default === undefined) return 'none'
  const text = JSON.stringify(schema.default)
  return text === '{}' && schema.type === 'object' && schema.properties !== undefined
    ? 'see below'
    : `\`${text}\``
}
