// Makes one tool: builds in a directory beside the final one and moves it there when it is complete
// and has proved its version, so that a tool is there as a whole or not at all.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { runCommand } from '../support/run-command.ts'
import { commands, own } from './recipes.ts'
import { fingerprint, toolDirectory, type Tool } from './specification.ts'

export type Outcome =
  | { readonly kind: 'present' | 'built' }
  | { readonly kind: 'failed'; readonly reason: string; readonly output: string }

const STAMP = '.svidgate-tool'
const CHECK_SECONDS = 60

export async function makeTool(tool: Tool, tools: string): Promise<Outcome> {
  const directory = toolDirectory(tools, tool)
  if (await isPresent(tool, directory)) return { kind: 'present' }

  mkdirSync(tools, { recursive: true })
  const building = mkdtempSync(join(tools, `.building-${tool.name}-`))
  try {
    prepare(tool, building)
    const deadline = AbortSignal.timeout(tool.deadlineSeconds * 1000)
    for (const command of commands(tool, building)) {
      const { ok, output } = await runCommand(command.argv, { cwd: building, deadline, ...command })
      if (deadline.aborted)
        return failed(`not built after ${String(tool.deadlineSeconds)} s`, output)
      if (!ok) return failed(`${command.argv.join(' ')} failed`, output)
      const fault = command.next?.(output)
      if (fault !== undefined) return failed(fault, output)
    }
    const proof = await prove(tool, building)
    if (proof !== undefined) return failed(`built, but does not say "${tool.check.prints}"`, proof)
    writeFileSync(join(building, STAMP), fingerprint(tool))
    rmSync(directory, { recursive: true, force: true })
    renameSync(building, directory)
    return { kind: 'built' }
  } finally {
    rmSync(building, { recursive: true, force: true })
  }
}

/** Stamped by us, or put there by hand and of the right version. */
async function isPresent(tool: Tool, directory: string): Promise<boolean> {
  if (!existsSync(directory)) return false
  const stamp = join(directory, STAMP)
  if (existsSync(stamp)) return readFileSync(stamp, 'utf8') === fingerprint(tool)
  if ((await prove(tool, directory)) !== undefined) return false
  writeFileSync(stamp, fingerprint(tool))
  return true
}

/** Undefined when the tool says what it should; else what it said. */
async function prove({ check }: Tool, directory: string): Promise<string | undefined> {
  const { ok, output } = await runCommand(own(check.command, directory), {
    cwd: directory,
    deadline: AbortSignal.timeout(CHECK_SECONDS * 1000),
  })
  return ok && output.includes(check.prints) ? undefined : output
}

/** npm checks what it fetches against the lock file alone, which therefore has to hold our pin. */
function prepare({ name, version, build }: Tool, directory: string): void {
  if (build.kind !== 'npm-package') return
  const root = { name, private: true, dependencies: { [build.package]: version } }
  const locked = { [`node_modules/${build.package}`]: { version, integrity: build.integrity } }
  const lock = { name, lockfileVersion: 3, requires: true, packages: { '': root, ...locked } }
  writeFileSync(join(directory, 'package.json'), JSON.stringify(root))
  writeFileSync(join(directory, 'package-lock.json'), JSON.stringify(lock))
}

function failed(reason: string, output: string): Outcome {
  return { kind: 'failed', reason, output }
}
