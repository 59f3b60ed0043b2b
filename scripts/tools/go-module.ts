// A copy of a Go module, changed as its recipe says. The module cache itself stays as it is: it is
// everybody's, and read-only.

import { chmodSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { GoModule, GoModuleEdit } from './specification.ts'

/** From what `go mod download -json` prints (Go Modules Reference, "go mod download"). */
export function moduleDirectory(output: string): string | undefined {
  const [json] = /^\{[^]*^\}/m.exec(output) ?? []
  if (json === undefined) return undefined
  const { Dir } = JSON.parse(json) as { readonly Dir?: string }
  return Dir
}

export function takeModule(from: string, to: string): void {
  cpSync(from, to, { recursive: true })
  makeWritable(to)
}

/** @returns what could not be changed */
export function editModule(
  directory: string,
  { edits = [], add }: Pick<GoModule, 'edits' | 'add'>,
): string | undefined {
  for (const edit of edits) {
    const fault = apply(directory, edit)
    if (fault !== undefined) return fault
  }
  if (add !== undefined) cpSync(add.from, join(directory, add.to), { recursive: true })
  return undefined
}

function apply(directory: string, edit: GoModuleEdit): string | undefined {
  if ('remove' in edit) {
    rmSync(join(directory, edit.remove), { recursive: true })
    return undefined
  }
  const path = join(directory, edit.file)
  const text = readFileSync(path, 'utf8')
  const changed = text.replaceAll(new RegExp(edit.find, 'gm'), edit.put)
  if (changed === text) return `${edit.file} has nothing that matches ${edit.find}`
  writeFileSync(path, changed)
  return undefined
}

function makeWritable(directory: string): void {
  chmodSync(directory, 0o755)
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) makeWritable(path)
    else if (entry.isFile()) chmodSync(path, 0o644)
  }
}
