// The test runner: compiled test files, two at a time, each in a process of its own. Ends with one
// line `N passed, N failed` (assertions, not files) and exit code 0, 1 (failed) or 2 (usage).

import { writeFileSync } from 'node:fs'
import { parseOptions, USAGE, UsageError, type RunnerOptions } from './test-runner/options.ts'
import { findTests } from './test-runner/find-tests.ts'
import { runFile, type FileResult, type TestFile } from './test-runner/run-file.ts'
import {
  failuresOf,
  failureText,
  fileLine,
  lastLine,
  slowestText,
  totalsOf,
} from './test-runner/report.ts'

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), process.env['CI'] === 'true')
  const files = findTests(process.cwd(), options.places, options.grep)
  const results = await runAll(files, options)
  const totals = totalsOf(results)

  for (const result of results) {
    if (failuresOf(result) > 0) process.stdout.write(failureText(result))
    for (const title of result.skipped) process.stdout.write(`skipped: ${result.file}: ${title}\n`)
  }
  process.stdout.write(`\n${slowestText(results)}`)
  if (results.length < files.length) {
    process.stdout.write(`stopped: ${String(files.length - results.length)} files were not run\n`)
  }
  if (options.jsonFile !== undefined) {
    writeFileSync(options.jsonFile, `${JSON.stringify({ ...totals, files: results }, null, 2)}\n`)
  }
  process.stdout.write(lastLine(totals))
  return totals.failed === 0 && results.length === files.length ? 0 : 1
}

async function runAll(
  files: readonly TestFile[],
  options: RunnerOptions,
): Promise<readonly FileResult[]> {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      stop.abort()
    })
  }
  const waiting = [...files]
  const results: FileResult[] = []
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (stop.signal.aborted) return
      const result = await runFile(next, { ...options, signal: stop.signal })
      // What --bail cut short has no verdict of its own.
      if (stop.signal.aborted && options.bail && result.faults.includes('stopped')) return
      results.push(result)
      process.stdout.write(fileLine(result))
      if (options.bail && failuresOf(result) > 0) stop.abort()
    }
  }
  await Promise.all(Array.from({ length: Math.min(options.jobs, files.length) }, worker))
  return results.sort((a, b) => (a.file < b.file ? -1 : 1))
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`${error.message}\n${USAGE}`)
  process.stdout.write('0 passed, 1 failed\n')
  process.exitCode = 2
}
