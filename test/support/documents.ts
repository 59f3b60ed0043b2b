// The documents of the repository, and the test that plays one: every block, in order.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { checkSnippet, type CheckOptions, type Verdict } from './doc-check.ts'
import { openDocScene } from './doc-scene.ts'
import { startTestGateway, type TestGateway } from './running-gateway.ts'
import { snippetsOf, type Snippet } from './snippets.ts'
import { repositoryRoot } from './test-data.ts'
import { trustOf } from './trust-policy.ts'

/** Paths from the repository's root, sorted. */
export function documents(): readonly string[] {
  const root = repositoryRoot()
  const top = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md']
  const below = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  return [
    ...top.filter((name) => existsSync(join(root, name))),
    ...below.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
  ].sort()
}

export function readDocument(path: string): string {
  return readFileSync(join(repositoryRoot(), path), 'utf8')
}

export function snippetsIn(path: string): readonly Snippet[] {
  return snippetsOf(path, readDocument(path))
}

/** A gateway whose role in the sandbox cloud trusts it as docs/AWS.md says. */
export function startDocumentedGateway(): Promise<TestGateway> {
  const [trust, permissions] = snippetsIn('docs/AWS.md')
    .filter(({ language }) => language === 'json')
    .map(({ text }): unknown => JSON.parse(text))
  return startTestGateway({
    google: true,
    roles: [
      {
        arn: 'arn:aws:iam::123456789012:role/agents-writer',
        trust: trustOf(trust),
        policy: permissions,
      },
    ],
  })
}

/** Plays a document; every block that is neither run nor checked here is named in the result. */
export async function playDocument(
  t: Test,
  path: string,
  gateway: TestGateway,
  tools: CheckOptions['tools'] = new Map(),
): Promise<ReadonlyMap<Verdict['kind'], number>> {
  const opa = tools.get('opa')
  const scene = await openDocScene({ gateway, ...(opa === undefined ? {} : { path: [opa] }) })
  t.teardown(() => scene.close())
  const counts = new Map<Verdict['kind'], number>()
  let printed: string | undefined
  for (const snippet of snippetsIn(path)) {
    const verdict = await checkSnippet(scene, snippet, {
      tools,
      printed,
      onPrinted: (output) => {
        printed = output
      },
    })
    const title = `${path}:${snippet.line} (${snippet.mark ?? snippet.language})`
    if (verdict.kind === 'failed') t.fail(`${title}: ${verdict.why}`)
    else t.pass(`${title}: ${verdict.kind}`)
    counts.set(verdict.kind, (counts.get(verdict.kind) ?? 0) + 1)
  }
  return counts
}
