// docs/AWS.md, done: its policies as files and its `aws` commands, run by the real AWS CLI against
// the IAM server of a test. The account's number is filled in, nothing else is changed.

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DocShell } from './doc-shell.ts'
import { snippetsIn } from './documents.ts'
import { ACCOUNT } from './scene.ts'
import { toolPath } from './tools.ts'

export interface AwsSetupOptions {
  /** For the files; made where there is none. */
  readonly dir: string
  readonly account: string
  readonly env: Readonly<Record<string, string>>
}

/** @returns what the commands printed, in order; throws where one fails. */
export async function setUpAwsAsDocumented(options: AwsSetupOptions): Promise<readonly string[]> {
  const { dir, account, env } = options
  await mkdir(dir, { recursive: true })
  await writeAwsCommand(dir)
  const shell = new DocShell(dir, {
    ...env,
    HOME: dir,
    PATH: `${dir}:${process.env['PATH'] ?? ''}`,
  })
  const printed: string[] = []
  try {
    for (const { file, language, text } of snippetsIn('docs/AWS.md')) {
      if (file !== undefined) await writeFile(join(dir, file), text.replaceAll(ACCOUNT, account))
      if (language !== 'sh') continue
      const { ok, output } = await shell.run(text)
      if (!ok) throw new Error(`docs/AWS.md: ${text}${output}`)
      printed.push(output)
    }
  } finally {
    await shell.gone()
  }
  return printed
}

/** `aws`, from the tools, under its own name. */
export async function writeAwsCommand(dir: string): Promise<string> {
  const path = join(dir, 'aws')
  const script = `#!/bin/sh\nexec '${toolPath('awscli', 'bin', 'python')}' -m awscli "$@"\n`
  await writeFile(path, script, { mode: 0o755 })
  return path
}
