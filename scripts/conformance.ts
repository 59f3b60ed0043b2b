// `make conformance`: every rule of every conformance suite with the tests that show it, from the
// results of the test runner (`run-tests --json FILE`). Exit code 1 when a rule is not held or shown
// by no test, 2 when there are no results.

import { parseArgs } from 'node:util'
import {
  ResultsError,
  missingSuites,
  readCatalogue,
  readResults,
} from './conformance/read-results.ts'
import { conformanceRows, sumsOf, tableText } from './conformance/table.ts'

const USAGE = 'usage: node dist/scripts/conformance.js [--brief] [--catalogue FILE] RESULTS.json\n'

function main(): number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      brief: { type: 'boolean', default: false },
      catalogue: { type: 'string', default: 'test/conformance/catalogue.json' },
    },
  })
  const [path] = positionals
  if (path === undefined || positionals.length > 1) throw new ResultsError('one file of results')
  const catalogue = readCatalogue(values.catalogue)
  const results = [...readResults(path), ...missingSuites(process.cwd(), catalogue)]
  const suites = conformanceRows(results, catalogue)
  if (suites.length === 0) throw new ResultsError(`${path}: no conformance suite ran`)
  const { held, broken } = sumsOf(suites)
  process.stdout.write(tableText(suites, values.brief))
  process.stdout.write(`${String(held)} rules held, ${String(broken)} not\n`)
  return broken === 0 ? 0 : 1
}

try {
  process.exitCode = main()
} catch (error) {
  if (!(error instanceof ResultsError)) throw error
  process.stderr.write(`${error.message}\n${USAGE}`)
  process.exitCode = 2
}
