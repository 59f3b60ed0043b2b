// One place in the sources where a rule of our own is broken.

import ts from 'typescript'

export interface Finding {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly rule: string
  readonly message: string
}

export interface SourceUnit {
  /** Relative to the root, with slashes: `gateway/request/accept.ts`. */
  readonly path: string
  readonly source: ts.SourceFile
}

export function findingAt(unit: SourceUnit, node: ts.Node, rule: string, message: string): Finding {
  const { line, character } = unit.source.getLineAndCharacterOfPosition(node.getStart(unit.source))
  return { file: unit.path, line: line + 1, column: character + 1, rule, message }
}

export function findingText({ file, line, column, rule, message }: Finding): string {
  return `${file}:${String(line)}:${String(column)}: ${rule}: ${message}\n`
}

/** Every node of the file, in source order. */
export function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node
  const children: ts.Node[] = []
  ts.forEachChild(node, (child) => {
    children.push(child)
  })
  for (const child of children) yield* nodesOf(child)
}
