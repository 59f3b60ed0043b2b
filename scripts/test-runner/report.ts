// What the runner prints: every failure in full with its file, the slowest files, and one last line
// that a script can read.

import { inspect } from 'node:util'
import type { FileResult } from './run-file.ts'

export interface Totals {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

const SLOWEST = 5

export function totalsOf(results: readonly FileResult[]): Totals {
  let passed = 0
  let failed = 0
  let skipped = 0
  for (const result of results) {
    passed += result.passed
    failed += failuresOf(result)
    skipped += result.skipped.length
  }
  return { passed, failed, skipped }
}

export function failuresOf(result: FileResult): number {
  return result.failures.length + result.faults.length
}

export function fileLine(result: FileResult): string {
  const verdict = failuresOf(result) === 0 ? 'ok  ' : 'FAIL'
  const skipped = result.skipped.length === 0 ? '' : `, ${String(result.skipped.length)} skipped`
  return `${verdict} ${result.file}  ${String(result.passed)} passed${skipped}  ${seconds(result.milliseconds)}\n`
}

export function failureText(result: FileResult): string {
  let text = ''
  for (const fault of result.faults) text += `\n--- ${result.file}\n    ${fault}\n`
  for (const failure of result.failures) {
    text += `\n--- ${result.file}\n    ${failure.title}\n${diagnosticsText(failure.diagnostics)}`
  }
  if (result.noise.trim() !== '')
    text += `    what it printed:\n${indent(result.noise.trimEnd(), 6)}\n`
  return text
}

export function slowestText(results: readonly FileResult[]): string {
  const slowest = results
    .toSorted((a, b) => b.milliseconds - a.milliseconds)
    .slice(0, SLOWEST)
    .map((result) => `  ${seconds(result.milliseconds)}  ${result.file}\n`)
  return `slowest:\n${slowest.join('')}`
}

export function lastLine(totals: Totals): string {
  const skipped = totals.skipped === 0 ? '' : `, ${String(totals.skipped)} skipped`
  return `${String(totals.passed)} passed, ${String(totals.failed)} failed${skipped}\n`
}

function diagnosticsText(diagnostics: unknown): string {
  if (typeof diagnostics !== 'object' || diagnostics === null) return ''
  let text = ''
  for (const [key, value] of Object.entries(diagnostics)) {
    // The excerpt of the source repeats what file and line say.
    if (key === 'source') continue
    const shown =
      typeof value === 'string' ? value : inspect(value, { depth: 8, maxStringLength: 4000 })
    text += shown.includes('\n')
      ? `      ${key}:\n${indent(shown.trimEnd(), 8)}\n`
      : `      ${key}: ${shown}\n`
  }
  return text
}

function indent(text: string, by: number): string {
  const margin = ' '.repeat(by)
  return text.replaceAll(/^/gm, margin)
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}
