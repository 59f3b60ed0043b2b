// The chain of values cannot be forged: each maker is imported by exactly one station, its module is
// not taken as a whole, and nobody casts to a chain type outside the module that defines it.

import ts from 'typescript'
import { dirname, join, normalize } from 'node:path/posix'
import { findingAt, nodesOf, type Finding, type SourceUnit } from './finding.ts'
import type { Maker } from './layers.ts'

export function checkMakers(units: readonly SourceUnit[], makers: readonly Maker[]): Finding[] {
  const findings = makers.flatMap((maker) => checkDefinition(units, maker))
  for (const unit of units) {
    for (const node of nodesOf(unit.source)) {
      findings.push(...checkModuleUse(unit, node, makers), ...checkCast(unit, node, makers))
    }
  }
  return findings
}

/** A renamed maker must not leave its rule behind without effect. */
function checkDefinition(units: readonly SourceUnit[], { maker, module }: Maker): Finding[] {
  const home = units.find(({ path }) => path === module)
  const isDefined = home?.source.statements.some(
    (statement) => ts.isFunctionDeclaration(statement) && statement.name?.text === maker,
  )
  if (isDefined === true) return []
  const message = `${maker} is not defined in ${module}: mend scripts/layers.json`
  return [{ file: module, line: 1, column: 1, rule: 'maker', message }]
}

function checkModuleUse(unit: SourceUnit, node: ts.Node, makers: readonly Maker[]): Finding[] {
  const specifier = moduleSpecifier(node)
  if (specifier === undefined || !specifier.startsWith('.')) return []
  const target = normalize(join(dirname(unit.path), specifier))
  return makers
    .filter(({ module, maker, station }) => {
      return module === target && unit.path !== station && takesMaker(node, maker)
    })
    .map(({ maker, station }) => findingAt(unit, node, 'maker', `only ${station} imports ${maker}`))
}

function moduleSpecifier(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
    const { moduleSpecifier: specifier } = node
    return specifier !== undefined && ts.isStringLiteral(specifier) ? specifier.text : undefined
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [argument] = node.arguments
    return argument !== undefined && ts.isStringLiteral(argument) ? argument.text : undefined
  }
  return undefined
}

/** By name, by `* as`, by re-export or by `import()`. */
function takesMaker(node: ts.Node, maker: string): boolean {
  if (ts.isCallExpression(node)) return true
  if (ts.isImportDeclaration(node)) {
    const bindings = node.importClause?.namedBindings
    if (bindings === undefined) return false
    return ts.isNamespaceImport(bindings) || names(bindings, maker)
  }
  if (ts.isExportDeclaration(node)) {
    const { exportClause } = node
    if (exportClause === undefined || ts.isNamespaceExport(exportClause)) return true
    return names(exportClause, maker)
  }
  return false
}

function names(clause: ts.NamedImports | ts.NamedExports, maker: string): boolean {
  return clause.elements.some(({ name, propertyName }) => (propertyName ?? name).text === maker)
}

function checkCast(unit: SourceUnit, node: ts.Node, makers: readonly Maker[]): Finding[] {
  if (!ts.isAsExpression(node) || !ts.isTypeReferenceNode(node.type)) return []
  const cast = node.type.typeName.getText(unit.source)
  return makers
    .filter(({ type, module }) => type === cast && module !== unit.path)
    .map(({ type, maker }) =>
      findingAt(unit, node, 'maker', `a ${type} is made by ${maker}, not by a cast`),
    )
}
