// Finds data files of test/ from the compiled tests, which lie elsewhere.

import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

function repositoryRoot(): string {
  let directory = import.meta.dirname
  while (!existsSync(join(directory, 'package.json'))) directory = dirname(directory)
  return directory
}

/** @param path below test/ */
export function readTestJson(path: string): unknown {
  return JSON.parse(readFileSync(join(repositoryRoot(), 'test', path), 'utf8'))
}
