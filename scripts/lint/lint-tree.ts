// All rules of our own over one tree.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import type { Finding, SourceUnit } from './finding.ts'
import { checkIdioms } from './idioms.ts'
import type { Layers } from './layers.ts'
import { checkMakers } from './makers.ts'

export interface LintResult {
  readonly files: number
  readonly findings: readonly Finding[]
}

/** `root` is the directory that holds `gateway/`. */
export function lintTree(root: string, layers: Layers): LintResult {
  const units = readUnits(root)
  return {
    files: units.length,
    findings: [
      ...units.flatMap((unit) => checkIdioms(unit, layers.levelOf(unit.path))),
      ...checkMakers(units, layers.makers),
    ],
  }
}

function readUnits(root: string): readonly SourceUnit[] {
  return readdirSync(join(root, 'gateway'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => {
      const path = `gateway/${name.replaceAll('\\', '/')}`
      const text = readFileSync(join(root, path), 'utf8')
      return { path, source: ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true) }
    })
}
