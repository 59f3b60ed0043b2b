// What gateway code does not do (the reasons stand with each rule). Read from the syntax tree, so
// that comments and strings do not count.

import ts from 'typescript'
import { findingAt, nodesOf, type Finding, type SourceUnit } from './finding.ts'

/** The composition root and what stands beside it: the only places that see the outside. */
const ROOT_LEVEL = 5
const PURE_LEVEL = 1
const CLOCK = 'gateway/util/clock.ts'

interface Idiom {
  readonly rule: string
  readonly message: string
  readonly isBroken: (node: ts.Node) => boolean
  /** Also in the files of the root level. */
  readonly everywhere?: boolean
}

const IDIOMS: readonly Idiom[] = [
  {
    rule: 'no-url-parser',
    message: 'new URL() repairs what it reads; client text is read by request/ alone',
    isBroken: (node) => ts.isNewExpression(node) && isNamed(node.expression, 'URL'),
  },
  {
    rule: 'no-clock',
    message: 'time is a parameter: take a Clock (util/clock.ts)',
    isBroken: (node) =>
      isMember(node, 'Date', 'now') ||
      isMember(node, 'process', 'hrtime') ||
      (ts.isNewExpression(node) && isNamed(node.expression, 'Date') && !node.arguments?.length),
  },
  {
    rule: 'no-pipe',
    message: '.pipe() loses errors and leaves streams open: use pipeline() of node:stream/promises',
    isBroken: (node) => ts.isCallExpression(node) && isMethod(node.expression, 'pipe'),
    everywhere: true,
  },
  {
    rule: 'no-environment',
    message: 'the environment is read at the root and handed down',
    isBroken: (node) => isMember(node, 'process', 'env'),
  },
  {
    rule: 'no-console',
    message: 'print through CliIo or the injected logger',
    isBroken: (node) => ts.isPropertyAccessExpression(node) && isNamed(node.expression, 'console'),
  },
  {
    rule: 'no-any-cast',
    message: 'parse unknown data into a type instead',
    isBroken: (node) => ts.isAsExpression(node) && node.type.kind === ts.SyntaxKind.AnyKeyword,
    everywhere: true,
  },
  {
    rule: 'no-double-cast',
    message: '`as unknown as` silences the compiler: parse, or mend the type',
    isBroken: (node) =>
      ts.isAsExpression(node) &&
      ts.isAsExpression(node.expression) &&
      node.expression.type.kind === ts.SyntaxKind.UnknownKeyword,
    everywhere: true,
  },
  {
    rule: 'no-empty-catch',
    message: 'an error that is dropped without a statement is lost',
    isBroken: (node) => ts.isCatchClause(node) && node.block.statements.length === 0,
    everywhere: true,
  },
]

/** Globals that level 1 must not see: what imports cannot show to dependency-cruiser. */
const EFFECTS = new Set([
  'setTimeout',
  'setInterval',
  'setImmediate',
  'process',
  'performance',
  'fetch',
])

export function checkIdioms(unit: SourceUnit, level: number | undefined): Finding[] {
  const findings: Finding[] = []
  if (level === undefined) {
    const message = 'belongs to no level, or to several: mend scripts/layers.json'
    findings.push(findingAt(unit, unit.source, 'level', message))
  }
  for (const node of nodesOf(unit.source)) {
    for (const { rule, message, isBroken, everywhere } of IDIOMS) {
      const isExempt = everywhere !== true && (level === ROOT_LEVEL || unit.path === CLOCK)
      if (!isExempt && isBroken(node)) findings.push(findingAt(unit, node, rule, message))
    }
    if (level === PURE_LEVEL && isEffect(node)) {
      const message = `${node.getText(unit.source)} is an effect: level 1 is pure`
      findings.push(findingAt(unit, node, 'pure', message))
    }
  }
  return findings
}

function isEffect(node: ts.Node): boolean {
  if (!ts.isIdentifier(node) || !EFFECTS.has(node.text)) return false
  // Only the global itself: neither a property of that name nor a declaration.
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node
  return ts.isCallExpression(parent) && parent.expression === node
}

function isNamed(node: ts.Node, name: string): boolean {
  return ts.isIdentifier(node) && node.text === name
}

function isMember(node: ts.Node, object: string, property: string): boolean {
  return isMethod(node, property) && isNamed(node.expression, object)
}

function isMethod(node: ts.Node, property: string): node is ts.PropertyAccessExpression {
  return ts.isPropertyAccessExpression(node) && node.name.text === property
}
