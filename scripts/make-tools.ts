// `make tools`: makes what scripts/tools.json lists, each with its own deadline, into a cache outside
// the clone (SVIDGATE_TOOLS, or ~/.cache/svidgate/tools). Arguments: `--spec FILE`, names of tools;
// where none is given, all that are not on demand. Exit code 1 when one could not be made; the others
// are made all the same.

import { parseArgs } from 'node:util'
import { makeTool } from './tools/make-tool.ts'
import { readTools, toolsDirectory } from './tools/specification.ts'

const SHOWN_LINES = 25

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { spec: { type: 'string', default: 'scripts/tools.json' } },
})
const all = readTools(values.spec)
const unknown = positionals.filter((name) => !all.some((tool) => tool.name === name))
if (unknown.length > 0) {
  process.stderr.write(`${values.spec} has no tool named ${unknown.join(', ')}\n`)
  process.exitCode = 2
} else {
  const wanted = all.filter(({ name, onDemand = false }) =>
    positionals.length === 0 ? !onDemand : positionals.includes(name),
  )
  const directory = toolsDirectory()
  for (const tool of wanted) {
    const label = `${tool.name} ${tool.version}`
    const started = performance.now()
    const outcome = await makeTool(tool, directory)
    const seconds = ((performance.now() - started) / 1000).toFixed(0)
    if (outcome.kind === 'failed') {
      const lines = outcome.output.trimEnd().split('\n').slice(-SHOWN_LINES)
      process.stderr.write(
        `tool ${label}: ${outcome.reason}\n${lines.map((line) => `  ${line}\n`).join('')}`,
      )
      process.exitCode = 1
    } else {
      process.stdout.write(`tool ${label}: ${outcome.kind} (${seconds} s), ${tool.purpose}\n`)
    }
  }
}
