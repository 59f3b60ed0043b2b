// The real servers and clients that `make tools` has made.

import { join } from 'node:path'
import { readTools, toolDirectory, toolsDirectory } from '../../scripts/tools/specification.ts'
import { repositoryRoot } from './test-data.ts'

/** Where a tool of scripts/tools.json lies, by its name. */
export function toolPath(name: string, ...parts: readonly string[]): string {
  const tools = readTools(join(repositoryRoot(), 'scripts/tools.json'))
  const tool = tools.find((candidate) => candidate.name === name)
  if (tool === undefined) throw new TypeError(`scripts/tools.json has no ${name}`)
  return join(toolDirectory(toolsDirectory(), tool), ...parts)
}
