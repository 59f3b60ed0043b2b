// Writes every generated file into the repository: node dist/scripts/generate-docs.js

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generatedFiles } from './docs/all.ts'

// dist/scripts → the repository's root
const root = join(import.meta.dirname, '..', '..')
for (const [path, text] of generatedFiles()) {
  await writeFile(join(root, path), text)
  console.log(path)
}
