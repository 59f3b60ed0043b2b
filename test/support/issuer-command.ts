// The `issuer` commands, run on a scene's configuration.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommandLine } from '../../gateway/cli/program.ts'
import { TestIo } from './cli-io.ts'
import type { Scene } from './scene.ts'

type Place = Pick<Scene, 'dir' | 'path'>

export interface JwkSet {
  readonly keys: readonly Readonly<Record<string, string>>[]
}

/** Exit code and what was printed; the error's text where nothing was. */
export async function issuer(scene: Place, ...args: string[]): Promise<[number, unknown]> {
  const io = new TestIo()
  const argv = ['node', 'svidgate', 'issuer', ...args, '-c', scene.path, '--json']
  const code = await runCommandLine(argv, io)
  return [code, io.stdout === '' ? io.stderr : JSON.parse(io.stdout)]
}

/** As if the next key had been published for its time: its file is what says so. */
export async function letTimePass(scene: Place): Promise<void> {
  const path = join(scene.dir, 'state/issuer-keys/next.pem')
  const text = await readFile(path, 'utf8')
  await writeFile(
    path,
    text.replace(/^svidgate-signs-from: .*$/m, 'svidgate-signs-from: 2020-01-01T00:00:00Z'),
  )
}
