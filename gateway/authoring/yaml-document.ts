// A YAML file of an author, read against a zod schema, with every complaint at its line and column
// and a word on how to mend it.

import { LineCounter, parseDocument, isNode, type Document } from 'yaml'
import type { z } from 'zod'
import { err, ok, type Result } from '../util/result.ts'

export interface DocumentProblem {
  readonly line: number
  readonly column: number
  /** Where in the document: `grants[0].subject.role`; empty for the document itself. */
  readonly path: string
  readonly message: string
}

export interface AuthoredDocument<T> {
  readonly value: T
  /** A problem that the schema cannot see, at the place of a path that exists. */
  problemAt(path: readonly PropertyKey[], message: string): DocumentProblem
}

export function readYaml<Schema extends z.ZodType>(
  text: string,
  schema: Schema,
): Result<AuthoredDocument<z.output<Schema>>, readonly DocumentProblem[]> {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true })
  if (document.errors.length > 0) {
    return err(
      document.errors.map(({ pos, message }) => {
        const { line, col } = lines.linePos(pos[0])
        return { line, column: col, path: '', message: firstLine(message) }
      }),
    )
  }
  const problemAt = (path: readonly PropertyKey[], message: string): DocumentProblem => {
    const { line, col } = lines.linePos(offsetOf(document, path))
    return { line, column: col, path: pathText(path), message }
  }
  const parsed = schema.safeParse(document.toJS())
  if (parsed.success) return ok({ value: parsed.data, problemAt })
  return err(parsed.error.issues.flatMap((issue) => issueProblems(issue, problemAt)))
}

export function formatProblem(file: string, problem: DocumentProblem): string {
  const where = `${file}:${String(problem.line)}:${String(problem.column)}`
  return problem.path === ''
    ? `${where}: ${problem.message}`
    : `${where}: ${problem.path}: ${problem.message}`
}

function issueProblems(
  issue: z.core.$ZodIssue,
  problemAt: (path: readonly PropertyKey[], message: string) => DocumentProblem,
): readonly DocumentProblem[] {
  if (issue.code !== 'unrecognized_keys') return [problemAt(issue.path, issue.message)]
  return issue.keys.map((key) => problemAt([...issue.path, key], 'unknown key'))
}

/** The offset of the node at a path, or of the nearest one above it that exists. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node: unknown = document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return node.range[0]
  }
  return 0
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${String(part)}]`
    return text === '' ? String(part) : `${text}.${String(part)}`
  }, '')
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0]?.replace(/ at line .*$/, '') ?? message
}
