// From a path to a frozen configuration, or to everything that is wrong with it. Every step that
// can still be taken after a fault is taken, so that one run of `check` shows all that there is to
// mend. Nothing outside is contacted; files are read only where they are named.

import { dirname, resolve } from 'node:path'
import { err, ok, type Result } from '../util/result.ts'
import { buildConfig } from './build.ts'
import { checkAccess } from './checks/access.ts'
import { checkEgress } from './checks/egress.ts'
import { checkIdentity } from './checks/identity.ts'
import { checkIssuer } from './checks/issuer.ts'
import { checkListen } from './checks/listen.ts'
import { checkAudit, checkPolicy } from './checks/policy.ts'
import { checkRoutes } from './checks/routes.ts'
import { checkState } from './checks/state.ts'
import type { Config } from './config.ts'
import {
  MAX_CONFIG_BYTES,
  readDocument,
  type ConfigDocument,
  type ReferencedText,
} from './document.ts'
import { checkServerCertificates, loadMaterials, privateKeyFault } from './files/material.ts'
import { absolutePath, filesOf } from './files/paths.ts'
import type { ConfigFiles, FileFailure } from './files/port.ts'
import { configJsonSchema, schemaAt, type JsonSchema } from './json-schema.ts'
import { findLater } from './later.ts'
import {
  inFileOrder,
  pathKey,
  pathText,
  type ConfigPath,
  type ConfigProblem,
  type Finding,
} from './problem.ts'
import type { Environment } from './references.ts'
import { findingsOf } from './schema-findings.ts'
import { typeReferences } from './typed-references.ts'
import { configSchema, type ConfigParts, type ParsedConfig } from './schema.ts'

export interface ConfigPorts {
  readonly env: Environment
  readonly files: ConfigFiles
}

export interface LoadedConfig {
  readonly config: Config
  /** What may be meant, but should not go unseen. */
  readonly warnings: readonly ConfigProblem[]
  /** The file with defaults filled in, before references to files were followed: for comparisons. */
  readonly parsed: ParsedConfig
  /** Texts with `${NAME}` references, by `pathKey`: `redact.ts` shows them as written. */
  readonly references: ReadonlyMap<string, ReferencedText>
}

/** On failure, all problems in file order, warnings among them; at least one is an error. */
export async function loadConfig(
  path: string,
  ports: ConfigPorts,
): Promise<Result<LoadedConfig, readonly ConfigProblem[]>> {
  const file = await ports.files.read(path, MAX_CONFIG_BYTES)
  if (!file.ok) return err([unreadable(path, file.failure)])
  const read = readDocument(file.content.bytes, ports.env)
  if (!read.ok) {
    return err(
      inFileOrder(
        read.problems.map((problem) => ({ severity: 'error', file: path, path: '', ...problem })),
      ),
    )
  }
  return loadDocument(path, read.document, ports)
}

async function loadDocument(
  file: string,
  document: ConfigDocument,
  { files, env }: ConfigPorts,
): Promise<Result<LoadedConfig, readonly ConfigProblem[]>> {
  const root = configJsonSchema()
  const directory = dirname(resolve(file))
  const value = typeReferences(document, root)
  const parse = configSchema.safeParse(value)
  // `issuer` is optional: absent and wrong must not look alike to the checks.
  const parts = parse.success ? { issuer: undefined, ...parse.data } : rightParts(value)

  const known = [...document.findings, ...findLater(value)]
  const reported = new Set(known.map(sameFault))
  const issues = parse.success ? [] : findingsOf(parse.error.issues, value, root)
  const findings = [...known, ...issues.filter((issue) => !reported.has(sameFault(issue)))]
  findings.push(
    ...checkListen(parts),
    ...checkIdentity(parts, env),
    ...checkPolicy(parts),
    ...checkAccess(parts),
    ...checkRoutes(parts),
    ...checkEgress(parts),
    ...checkAudit(parts),
    ...checkState(parts),
    ...checkIssuer(parts),
    ...inlineKeys(parts, document.references),
  )
  const materials = await loadMaterials(filesOf(parts, directory), files)
  findings.push(...materials.findings, ...certificates(parts, directory, materials.texts))

  const problems = inFileOrder(findings.map((finding) => locate(finding, file, document, root)))
  if (!parse.success || problems.some(({ severity }) => severity === 'error')) return err(problems)
  return ok({
    config: buildConfig(parse.data, directory, materials.texts, env),
    warnings: problems,
    parsed: parse.data,
    references: document.references,
  })
}

/** What zod says about a value that was explained already, in better words, is not said twice. */
function sameFault(finding: Finding): string {
  return `${finding.atKey === true ? 'key' : 'value'} ${pathKey(finding.path)}`
}

/** Each section by itself: the rules across sections then still see those that are right. */
function rightParts(value: unknown): ConfigParts {
  const parts: Record<string, unknown> = {}
  for (const [section, schema] of Object.entries(configSchema.shape)) {
    const given: unknown =
      typeof value === 'object' && value !== null
        ? Object.getOwnPropertyDescriptor(value, section)?.value
        : undefined
    const result = schema.safeParse(given)
    if (result.success) parts[section] = result.data
  }
  // Each value was made by the schema of its own section.
  return parts
}

function certificates(
  parts: ConfigParts,
  directory: string,
  texts: ReadonlyMap<string, string>,
): Finding[] {
  const filesAt = (index: number) => {
    const entry = parts.listen?.data.tls[index]
    return entry?.kind === 'files' ? entry : undefined
  }
  return checkServerCertificates(
    parts,
    (index) => texts.get(absolutePath(directory, filesAt(index)?.cert ?? '')),
    (index) => {
      const key = filesAt(index)?.key
      if (key === undefined) return undefined
      if (key.kind === 'file') return texts.get(absolutePath(directory, key.path))
      return privateKeyFault(key.pem) === undefined ? key.pem : undefined
    },
  )
}

/** A key may come from the environment; one that stands in the file itself is refused. */
function inlineKeys(
  parts: ConfigParts,
  references: ReadonlyMap<string, ReferencedText>,
): Finding[] {
  const keys: { path: ConfigPath; pem: string }[] = []
  parts.listen?.data.tls.forEach((entry, index) => {
    if (entry.kind === 'files' && entry.key.kind === 'inline') {
      keys.push({ path: ['listen', 'data', 'tls', index, 'key'], pem: entry.key.pem })
    }
  })
  return keys.flatMap(({ path, pem }): Finding[] => {
    if (!references.has(pathKey(path))) {
      return [
        {
          path,
          message: 'a private key stands in the configuration itself',
          hint: 'Secrets go by reference: file:./keys/tls.key or ${TLS_KEY}. Replace this key: it is known now.',
        },
      ]
    }
    const fault = privateKeyFault(pem)
    return fault === undefined ? [] : [{ path, message: `the value ${fault}` }]
  })
}

function locate(
  finding: Finding,
  file: string,
  document: ConfigDocument,
  root: JsonSchema,
): ConfigProblem {
  return {
    severity: finding.severity ?? 'error',
    file,
    ...document.placeOf(finding.path, finding.atKey),
    path: pathText(finding.path),
    message: finding.message,
    hint: finding.hint ?? describe(finding.path, document.value, root),
  }
}

/** What the field is for, or the nearest one around it. */
function describe(path: ConfigPath, document: unknown, root: JsonSchema): string {
  for (let length = path.length; length > 0; length--) {
    const text = schemaAt(root, document, path.slice(0, length))?.description
    if (text !== undefined) return text
  }
  return 'docs/CONFIG.md lists every field.'
}

const UNREADABLE: Readonly<Record<FileFailure, string>> = {
  missing: 'there is no such file',
  forbidden: 'this user may not read the file',
  'not-a-file': 'this is no regular file',
  'too-large': 'the file is larger than 1 MiB',
  unreadable: 'the file cannot be read',
}

function unreadable(file: string, failure: FileFailure): ConfigProblem {
  return {
    severity: 'error',
    file,
    line: 1,
    column: 1,
    path: '',
    message: UNREADABLE[failure],
    hint: 'Name the configuration with -c FILE.',
  }
}
