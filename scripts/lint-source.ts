// The project's own lint rules over gateway/: who may import which maker, and what gateway code does
// not do. `node dist/scripts/lint-source.js [ROOT]`; exit code 1 when anything was found.

import { join } from 'node:path'
import { findingText } from './lint/finding.ts'
import { readLayers } from './lint/layers.ts'
import { lintTree } from './lint/lint-tree.ts'

const root = process.argv[2] ?? '.'
const { files, findings } = lintTree(root, readLayers(join(root, 'scripts', 'layers.json')))
for (const finding of findings) process.stdout.write(findingText(finding))
process.stdout.write(`lint-source: ${String(files)} files, ${String(findings.length)} findings\n`)
process.exitCode = findings.length === 0 && files > 0 ? 0 : 1
