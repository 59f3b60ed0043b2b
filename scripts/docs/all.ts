// Every generated file of the repository: path from its root, and content.

import { configJsonSchema } from '../../gateway/config/json-schema.ts'
import { configDoc } from './config-doc.ts'
import { defaultsDoc } from './defaults-doc.ts'
import { refusalsDoc } from './refusals-doc.ts'

export function generatedFiles(): ReadonlyMap<string, string> {
  const schema = configJsonSchema()
  return new Map([
    ['svidgate.schema.json', `${JSON.stringify(schema, null, 2)}\n`],
    ['docs/CONFIG.md', configDoc(schema)],
    ['docs/DEFAULTS.md', defaultsDoc()],
    ['docs/REFUSALS.md', refusalsDoc()],
  ])
}
