// Runs the suite against one mutated station. "Caught" means: a test file fails with the mutation,
// passes without it, and fails with it again.

import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { runCommand } from '../support/run-command.ts'
import { mutated, MutationError, type Mutation } from './mutation.ts'
import type { Workspace } from './workspace.ts'

export type Verdict =
  | { readonly kind: 'caught'; readonly by: string; readonly title: string }
  | { readonly kind: 'survived' }
  /** The mutation itself is at fault: it does not apply, does not load, or the suite was red before. */
  | { readonly kind: 'invalid'; readonly reason: string }

/** Those that see the most of the chain come first. */
const SUITES = ['integration', 'conformance', 'unit', 'regression']
const FILE_DEADLINE_SECONDS = '60'

const runner = fileURLToPath(new URL('../run-tests.js', import.meta.url))

export async function judge(
  workspace: Workspace,
  mutation: Mutation,
  deadline: AbortSignal,
): Promise<Verdict> {
  try {
    const failed = await withMutation(workspace, mutation, async () => {
      await mustLoad(workspace, mutation, deadline)
      return firstFailure(workspace, places(workspace, mutation), deadline)
    })
    if (failed === undefined) return { kind: 'survived' }
    const { file, title } = failed
    const before = await firstFailure(workspace, [file], deadline)
    if (before !== undefined) {
      return { kind: 'invalid', reason: `${file} fails without the mutation too: ${before.title}` }
    }
    // Once more, so that a test that fails now and then is not taken for one that noticed.
    const again = await withMutation(workspace, mutation, async () => {
      return firstFailure(workspace, [file], deadline)
    })
    return again === undefined
      ? { kind: 'invalid', reason: `${file} failed once and then passed, mutated: ${title}` }
      : { kind: 'caught', by: file, title }
  } catch (error) {
    if (!(error instanceof MutationError)) throw error
    return { kind: 'invalid', reason: error.message }
  }
}

function places(workspace: Workspace, { tests = [] }: Mutation): readonly string[] {
  return [...tests, ...SUITES.filter((suite) => existsSync(join(workspace.root, 'test', suite)))]
}

/** A file that does not even load fails every test and proves nothing. */
async function mustLoad(
  workspace: Workspace,
  { file }: Mutation,
  deadline: AbortSignal,
): Promise<void> {
  const url = pathToFileURL(workspace.compiled(file)).href
  const argv = [
    process.execPath,
    '--input-type=module',
    '-e',
    `await import(${JSON.stringify(url)})`,
  ]
  const { ok, output } = await runCommand(argv, { cwd: workspace.root, deadline })
  if (!ok) throw new MutationError(`${file}: does not load when mutated: ${output.trim()}`)
}

interface FailedFile {
  readonly file: string
  readonly title: string
}

async function firstFailure(
  workspace: Workspace,
  tests: readonly string[],
  deadline: AbortSignal,
): Promise<FailedFile | undefined> {
  const results = join(workspace.root, 'results.json')
  rmSync(results, { force: true })
  const options = ['--bail', '--jobs', '1', '--deadline', FILE_DEADLINE_SECONDS, '--json', results]
  const { ok, output } = await runCommand([process.execPath, runner, ...options, ...tests], {
    cwd: workspace.root,
    deadline,
  })
  if (ok) return undefined
  if (deadline.aborted) throw new MutationError('not judged in time')
  if (!existsSync(results)) throw new MutationError(`the suite did not run: ${output.trim()}`)
  return failureIn(readFileSync(results, 'utf8'))
}

interface Results {
  readonly files: readonly {
    readonly file: string
    readonly failures: readonly { readonly title: string }[]
    readonly faults: readonly string[]
  }[]
}

function failureIn(json: string): FailedFile | undefined {
  const { files } = JSON.parse(json) as Results
  for (const { file, failures, faults } of files) {
    const title = failures[0]?.title ?? faults[0]
    if (title !== undefined) return { file, title }
  }
  return undefined
}

async function withMutation<T>(
  workspace: Workspace,
  mutation: Mutation,
  use: () => Promise<T>,
): Promise<T> {
  const original = workspace.read(mutation.file)
  workspace.write(mutation.file, mutated(mutation, original))
  try {
    return await use()
  } finally {
    workspace.write(mutation.file, original)
  }
}
