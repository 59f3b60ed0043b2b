// From what was asked for to what is run. The sources say which tests exist, never `dist/`: a test
// that was deleted leaves its compiled form behind, and one that was not compiled must not vanish.

import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { UsageError } from './options.ts'
import type { TestFile } from './run-file.ts'

const SOURCE_SUFFIX = '.test.ts'

export function findTests(
  root: string,
  places: readonly string[],
  grep: RegExp | undefined,
): readonly TestFile[] {
  const found = new Map<string, TestFile>()
  for (const place of places) {
    const files = filesAt(root, place)
    if (files.length === 0) throw new UsageError(`${place}: no test file (*${SOURCE_SUFFIX}) there`)
    for (const file of files) {
      if (grep === undefined || grep.test(file.shown)) found.set(file.shown, file)
    }
  }
  if (found.size === 0) throw new UsageError(`--grep ${String(grep)}: matches no test file`)
  return [...found.values()]
}

function filesAt(root: string, place: string): readonly TestFile[] {
  const path = locate(root, place)
  if (!statSync(path).isDirectory()) return [testFile(root, path)]
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(SOURCE_SUFFIX))
    .sort()
    .map((name) => testFile(root, join(path, name)))
}

function locate(root: string, place: string): string {
  for (const candidate of [resolve(root, place), resolve(root, 'test', place)]) {
    if (existsSync(candidate)) return candidate
  }
  throw new UsageError(`${place}: no such file or directory, nor test/${place}`)
}

function testFile(root: string, path: string): TestFile {
  const shown = relative(root, path)
  if (!path.endsWith('.ts')) return { shown, compiled: path }
  const compiled = join(root, 'dist', shown.replace(/\.ts$/, '.js'))
  if (!existsSync(compiled)) throw new UsageError(`${shown}: not compiled (run: make build)`)
  return { shown, compiled }
}
