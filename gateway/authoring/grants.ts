// Compiles the authors' grants into the data that policies/lib/grants.rego looks up. The result is
// a pure function of the file's meaning: keys and lists are sorted, so that bundles built from it
// are the same bytes everywhere.

import type { TargetType } from '../facts/facts.ts'
import { err, ok, type Result } from '../util/result.ts'
import { type Grant, type GrantStatement, grantsFileSchema } from './grant-schema.ts'
import { generateStatements } from './session-statements.ts'
import { type AuthoredDocument, type DocumentProblem, readYaml } from './yaml-document.ts'

/** One grant as the look-up finds it. */
export interface GrantEntry {
  readonly access: readonly string[]
  readonly id: string
  readonly path_prefix: string
}

/** What an allow by a grant carries. */
export interface GrantTerms {
  readonly credential?: string
  /** What an SQL text may use beyond harmless built-in functions. */
  readonly features?: readonly string[]
  readonly functions?: readonly string[]
  readonly max_bytes_billed?: number
  readonly session_policy?: readonly GrantStatement[]
  readonly set_headers?: Readonly<Record<string, string>>
  readonly table_functions?: readonly string[]
}

/** Nested look-ups, outermost first: subject, service, operation, target type, container. */
export type GrantIndex = Tree<Tree<Tree<Tree<Tree<readonly GrantEntry[]>>>>>

type Tree<T> = Readonly<Record<string, T>>

/** The document under `data.svidgate`. */
export interface GrantsData {
  readonly alternatives: Tree<Tree<readonly string[]>>
  readonly grants: GrantIndex
  readonly terms: Tree<GrantTerms>
}

/** What the agent may be told at once (docs/POLICY.md). */
const MAX_ALTERNATIVES = 5

export function compileGrants(yaml: string): Result<GrantsData, readonly DocumentProblem[]> {
  const document = readYaml(yaml, grantsFileSchema)
  if (!document.ok) return document
  const compiler = new Compiler(document.value)
  for (const [index, grant] of document.value.value.grants.entries()) compiler.add(grant, index)
  return compiler.result()
}

/** Text of the data file: sorted keys, two spaces, one newline at the end. */
export function writeGrantsData(data: GrantsData): string {
  return `${JSON.stringify(data, null, 2)}\n`
}

class Compiler {
  readonly #document: AuthoredDocument<unknown>
  readonly #problems: DocumentProblem[] = []
  readonly #ids = new Set<string>()
  readonly #entries = new Map<string, GrantEntry[]>()
  readonly #terms = new Map<string, GrantTerms>()
  readonly #alternatives = new Map<string, Set<string>>()

  constructor(document: AuthoredDocument<unknown>) {
    this.#document = document
  }

  add(grant: Grant, index: number): void {
    const problem = (part: string, message: string): void => {
      this.#problems.push(this.#document.problemAt(['grants', index, part], message))
    }
    if (this.#ids.has(grant.id))
      problem('id', `another grant has the id ${grant.id}; choose a new one`)
    this.#ids.add(grant.id)
    const { tenant, agent, role } = grant.subject
    const subject = `${tenant}/${agent}/${role}`
    const operations = new Set<string>()
    for (const action of grant.actions) {
      const operation = operationName(grant.service, action)
      if (operation.ok) operations.add(operation.value)
      else problem('actions', operation.error)
    }
    for (const operation of operations) this.#index(grant, subject, operation)
    for (const part of sqlPartsWithout(grant, ['query'], SQL_USES)) {
      problem(part, 'only a grant with a target of type query says what SQL may use')
    }
    for (const part of sqlPartsWithout(grant, ['query', 'table', 'routine'], SQL_CAPS)) {
      problem(
        part,
        'only a grant with a target of type query, table or routine caps what SQL costs',
      )
    }
    const terms = termsOf(grant)
    if (terms.ok) {
      if (Object.keys(terms.value).length > 0) this.#terms.set(grant.id, terms.value)
    } else problem('session_policy', terms.error)
    const texts = this.#alternativesOf(key(subject, grant.service))
    for (const text of grant.alternatives ?? []) texts.add(text)
    if (texts.size > MAX_ALTERNATIVES) {
      problem('alternatives', `${subject} has more than five for ${grant.service}; remove some`)
    }
  }

  result(): Result<GrantsData, readonly DocumentProblem[]> {
    if (this.#problems.length > 0) return err(this.#problems)
    const entries = [...this.#entries].map(
      ([path, list]) => [path, [...list].sort(compareEntries)] as const,
    )
    const alternatives = [...this.#alternatives]
      .filter(([, texts]) => texts.size > 0)
      .map(([path, texts]) => [path, [...texts].sort()] as const)
    return ok({
      alternatives: nest(alternatives) as GrantsData['alternatives'],
      grants: nest(entries) as GrantIndex,
      terms: Object.fromEntries([...this.#terms].sort(([a], [b]) => compareTexts(a, b))),
    })
  }

  #index(grant: Grant, subject: string, operation: string): void {
    for (const { type, container, path_prefix } of grant.targets) {
      const path = key(subject, grant.service, operation, type, container)
      const list = this.#entries.get(path) ?? []
      list.push({ access: distinct(grant.access), id: grant.id, path_prefix })
      this.#entries.set(path, list)
    }
  }

  #alternativesOf(path: string): Set<string> {
    const texts = this.#alternatives.get(path) ?? new Set<string>()
    this.#alternatives.set(path, texts)
    return texts
  }
}

function termsOf(grant: Grant): Result<GrantTerms, string> {
  const statements =
    grant.session_policy === 'generate' ? generateStatements(grant) : ok(grant.session_policy)
  if (!statements.ok) return statements
  const { credential, features, functions, max_bytes_billed: cap, set_headers: headers } = grant
  const { table_functions: tableFunctions } = grant
  return ok({
    ...(credential === undefined ? {} : { credential }),
    ...(features === undefined ? {} : { features: distinct(features) }),
    ...(functions === undefined ? {} : { functions: distinct(functions) }),
    ...(cap === undefined ? {} : { max_bytes_billed: cap }),
    ...(statements.value === undefined ? {} : { session_policy: statements.value }),
    ...(headers === undefined ? {} : { set_headers: sortedRecord(headers) }),
    ...(tableFunctions === undefined ? {} : { table_functions: distinct(tableFunctions) }),
  })
}

const SQL_USES = ['features', 'functions', 'table_functions'] as const
const SQL_CAPS = ['max_bytes_billed'] as const

/** They would have no effect without such a target, and their author believes that they have one. */
function sqlPartsWithout(
  grant: Grant,
  types: readonly TargetType[],
  members: readonly (typeof SQL_USES | typeof SQL_CAPS)[number][],
): readonly string[] {
  if (grant.targets.some(({ type }) => types.includes(type))) return []
  return members.filter((member) => grant[member] !== undefined)
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort()
}

/** Services whose operations come from several APIs; there the author names the API too. */
const APIS: ReadonlyMap<string, readonly string[]> = new Map([
  ['aws_bedrock', ['bedrock', 'bedrock-runtime']],
  ['azure_storage', ['blob', 'queue', 'table', 'dfs']],
])

/** `operation.name` of the input (docs/POLICY.md): `PutObject` of aws_s3 is `s3.PutObject`. */
function operationName(service: string, action: string): Result<string, string> {
  const apis = APIS.get(service) ?? [service.slice(service.indexOf('_') + 1)]
  if (apis.some((api) => action.startsWith(`${api}.`))) return ok(action)
  const [api] = apis
  if (apis.length === 1) return ok(`${String(api)}.${action}`)
  return err(
    `${service} has several APIs; write ${apis.map((name) => `${name}.${action}`).join(' or ')}`,
  )
}

function key(...path: readonly string[]): string {
  return JSON.stringify(path)
}

function parts(path: string): readonly string[] {
  return JSON.parse(path) as readonly string[]
}

/** Paths and their leaves as nested objects with sorted keys. */
function nest(leaves: readonly (readonly [string, unknown])[]): Tree<unknown> {
  return nestParts(leaves.map(([path, leaf]) => [parts(path), leaf] as const))
}

function nestParts(leaves: readonly (readonly [readonly string[], unknown])[]): Tree<unknown> {
  const groups = new Map<string, (readonly [readonly string[], unknown])[]>()
  for (const [[head = '', ...rest], leaf] of leaves) {
    const group = groups.get(head)
    if (group === undefined) groups.set(head, [[rest, leaf]])
    else group.push([rest, leaf])
  }
  const sorted = [...groups].sort(([a], [b]) => compareTexts(a, b))
  return Object.fromEntries(
    sorted.map(([head, group]) => [head, isLeaf(group) ? group[0]?.[1] : nestParts(group)]),
  )
}

function isLeaf(group: readonly (readonly [readonly string[], unknown])[]): boolean {
  return group[0]?.[0].length === 0
}

function sortedRecord(record: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => compareTexts(a, b)))
}

function compareEntries(a: GrantEntry, b: GrantEntry): number {
  return compareTexts(a.id, b.id) || compareTexts(a.path_prefix, b.path_prefix)
}

/** By UTF-16 units: the same order on every machine, whatever its locale. */
function compareTexts(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
