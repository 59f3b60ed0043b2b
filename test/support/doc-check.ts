// Runs or checks one block of the documentation, by its language. What needs a tool that is not on every
// machine (Python, OPA) is left to test/real, and said so; nothing else is let pass unseen.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isMap, parse, parseDocument } from 'yaml'
import { compileGrants } from '../../gateway/authoring/grants.ts'
import { nodeFiles } from '../../gateway/config/files/node-files.ts'
import { loadConfig } from '../../gateway/config/load.ts'
import { parseIamPolicy } from '../../gateway/demo/aws/iam-policy.ts'
import { parseDecision } from '../../gateway/policy/decision.ts'
import type { CommandResult } from '../../scripts/support/run-command.ts'
import type { DocScene } from './doc-scene.ts'
import { firstMissingLine, type Snippet } from './snippets.ts'
import { trustOf } from './trust-policy.ts'

/** The example configuration takes the account from the environment. */
const ACCOUNT = 'AWS_ACCOUNT_ID=123456789012'

/** `python-google`: Python with Google's clients; `python`: with boto3. */
export type Tool = 'opa' | 'openssl' | 'python' | 'python-google'

export type Verdict =
  | { readonly kind: 'ran' | 'checked' | 'shown' }
  | { readonly kind: 'elsewhere'; readonly needs: Tool }
  | { readonly kind: 'failed'; readonly why: string }

export interface CheckOptions {
  /** What this machine has; a block that needs another tool is `elsewhere`. */
  readonly tools: ReadonlyMap<Tool, string>
  /** What the last block that was run printed. */
  readonly printed: string | undefined
  /** Told what a block that was run printed. */
  readonly onPrinted: (output: string) => void
}

export async function checkSnippet(
  scene: DocScene,
  snippet: Snippet,
  options: CheckOptions,
): Promise<Verdict> {
  const { mark, language, file, text } = snippet
  if (mark === 'picture') return { kind: 'shown' }
  if (mark === 'output') return checkOutput(text, options.printed)
  const needs = mark === 'needs: opa' ? 'opa' : mark === 'needs: openssl' ? 'openssl' : undefined
  if (needs !== undefined && !options.tools.has(needs)) {
    const syntax = await scene.sh(`if false; then\n${text}\nfi`)
    return syntax.ok ? { kind: 'elsewhere', needs } : failed(syntax.output)
  }
  if (file !== undefined) await scene.write(file, text)
  switch (language) {
    case 'sh':
      return heard(await scene.sh(text), options)
    case 'js':
      return heard(await scene.run(process.execPath, `block-${snippet.line}.mjs`, text), options)
    case 'python': {
      const tool = /^from google/m.test(text) ? 'python-google' : 'python'
      const python = options.tools.get(tool)
      if (python === undefined) return { kind: 'elsewhere', needs: tool }
      return heard(await scene.run(python, `block-${snippet.line}.py`, text), options)
    }
    case 'rego':
      return checkRego(scene, snippet, options)
    case 'http':
      return ran(
        await scene.sh(`${ACCOUNT} svidgate facts -c svidgate.yaml --request ${file ?? ''}`),
      )
    case 'yaml':
      return checkYaml(scene, text)
    case 'json':
      return checkJson(text)
    default:
      return failed(`a block of language "${language}" is neither run nor marked as output`)
  }
}

function checkOutput(shown: string, printed: string | undefined): Verdict {
  if (printed === undefined) return failed('there is no block whose output this could be')
  const missing = firstMissingLine(shown, printed)
  if (missing === undefined) return { kind: 'checked' }
  return failed(`not printed: ${missing}\n--- printed was:\n${printed}`)
}

function heard(result: CommandResult, { onPrinted }: CheckOptions): Verdict {
  onPrinted(result.output)
  return ran(result)
}

async function checkRego(
  scene: DocScene,
  { line, text, info }: Snippet,
  { tools }: CheckOptions,
): Promise<Verdict> {
  if (!tools.has('opa')) return { kind: 'elsewhere', needs: 'opa' }
  const name = `block-${line}.rego`
  await scene.write(name, text)
  const old = info.includes('v0') ? '--v0-compatible' : ''
  const library = old === '' ? 'policies/lib policies/authz/authz.rego' : ''
  return ran(
    await scene.sh(`opa check ${old} --capabilities policies/capabilities.json ${library} ${name}`),
  )
}

/** Grants, a whole configuration, or a part of one that is laid over the example. */
async function checkYaml(scene: DocScene, text: string): Promise<Verdict> {
  const value: unknown = parse(text)
  if (!isRecord(value)) return failed('the YAML is not a map')
  if ('grants' in value) {
    const compiled = compileGrants(text)
    return compiled.ok
      ? { kind: 'checked' }
      : failed(compiled.error.map(({ line, message }) => `${line}: ${message}`).join('\n'))
  }
  const example = parseDocument(await readFile(join(scene.dir, 'svidgate.yaml'), 'utf8'))
  if (!isMap(example.contents)) return failed('the example is not a map')
  const merged = merge(example.toJS(), value)
  await scene.write('merged.yaml', JSON.stringify(merged, null, 2))
  const loaded = await loadConfig(join(scene.dir, 'merged.yaml'), {
    env: { AWS_ACCOUNT_ID: '123456789012' },
    files: nodeFiles,
  })
  if (loaded.ok) return { kind: 'checked' }
  return failed(loaded.error.map(({ path, message }) => `${path}: ${message}`).join('\n'))
}

/** Maps are joined, but for those of another kind; anything else is replaced. */
function merge(below: unknown, above: unknown): unknown {
  if (!isRecord(below) || !isRecord(above)) return above
  if (above['kind'] !== undefined && above['kind'] !== below['kind']) return above
  const joined = { ...below }
  for (const [key, value] of Object.entries(above)) joined[key] = merge(below[key], value)
  return joined
}

/** IAM policies as the sandbox cloud takes them, decisions as the gateway takes them. */
function checkJson(text: string): Verdict {
  const value: unknown = JSON.parse(text)
  if (!isRecord(value)) return failed('the JSON is not an object')
  if ('allow' in value) {
    const decision = parseDecision(value)
    const isRefused = decision.kind === 'deny' && decision.code !== 'ERR_SG_DENIED'
    return isRefused ? failed(decision.detail) : { kind: 'checked' }
  }
  if (!('Statement' in value)) return failed('neither an IAM policy nor a decision')
  if (text.includes('"Principal"')) {
    trustOf(value)
    return { kind: 'checked' }
  }
  const policy = parseIamPolicy(value)
  return policy.ok ? { kind: 'checked' } : failed(policy.error)
}

function ran({ ok, output }: CommandResult): Verdict {
  return ok ? { kind: 'ran' } : failed(output)
}

function failed(why: string): Verdict {
  return { kind: 'failed', why }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
