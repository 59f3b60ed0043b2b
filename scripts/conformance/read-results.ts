// Reads what the test runner wrote with --json, and the catalogue of rules beside the suites.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Catalogue, CatalogueRule, SuiteResult } from './table.ts'

const PLACE = 'test/conformance/'

export class ResultsError extends Error {}

/** The suites of test/conformance in a file of results. */
export function readResults(path: string): readonly SuiteResult[] {
  const files = memberOf(readJson(path), 'files')
  if (!Array.isArray(files)) throw new ResultsError(`${path}: no results of the test runner`)
  return files.map((one) => suiteOf(one, path)).filter(({ file }) => file.startsWith(PLACE))
}

function suiteOf(value: unknown, path: string): SuiteResult {
  const file = memberOf(value, 'file')
  const tests = memberOf(value, 'tests')
  const faults = memberOf(value, 'faults')
  if (typeof file !== 'string' || !Array.isArray(tests) || !Array.isArray(faults)) {
    throw new ResultsError(`${path}: results of another version of the test runner`)
  }
  return {
    file,
    tests: tests.map((test) => ({
      title: String(memberOf(test, 'title')),
      ok: memberOf(test, 'ok') === true,
    })),
    faults: faults.map(String),
  }
}

/** `{ "test/conformance/svid.test.ts": { "XV-1": "what it requires", … }, … }` */
export function readCatalogue(path: string): Catalogue {
  const value = readJson(path)
  if (typeof value !== 'object' || value === null) throw new ResultsError(`${path}: no object`)
  return new Map(
    Object.entries(value).map(([file, rules]) => [
      file,
      Object.entries(rules as object).map(([id, requires]): CatalogueRule => ({
        id,
        requires: String(requires),
      })),
    ]),
  )
}

/** Files of the catalogue that do not exist: their rules are shown by nobody. */
export function missingSuites(root: string, catalogue: Catalogue): readonly SuiteResult[] {
  return [...catalogue.keys()]
    .filter((file) => !existsSync(join(root, file)))
    .map((file) => ({ file, tests: [], faults: ['the file does not exist'] }))
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'))
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return (value as Readonly<Record<string, unknown>>)[name]
}
