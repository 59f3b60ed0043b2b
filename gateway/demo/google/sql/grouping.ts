// GROUP BY and aggregates: after grouping, a row holds the keys and then the aggregates, and nothing
// else of the input has a name any more.

import { bindAggregate, distinct, isAggregate } from './aggregates.ts'
import type { Aggregate } from './aggregates.ts'
import type { Expression, Path, Select } from './ast.ts'
import { bind } from './bind-expression.ts'
import type { Context } from './binder.ts'
import { ColumnScope } from './scope.ts'
import type { Bound, Env, Scope } from './scope.ts'
import { invalidQuery } from './sql-error.ts'
import { rowKey } from './values.ts'
import type { Value } from './values.ts'

interface Key {
  /** Equal for equal expressions. */
  readonly identity: string
  /** Of the input column, where the key is one. */
  readonly column: number | undefined
  readonly bound: Bound
}

interface Measure {
  readonly identity: string
  readonly aggregate: Aggregate
  /** Undefined: COUNT(*). */
  readonly argument: Bound | undefined
  readonly isDistinct: boolean
}

function identityOf(expression: Expression): string {
  return JSON.stringify(expression, (name, value: unknown) => {
    if (typeof value === 'bigint') return `${value}n`
    return name === 'path' && Array.isArray(value)
      ? value.map((part) => String(part).toLowerCase())
      : value
  })
}

export class GroupedScope implements Scope {
  readonly outer: Scope | undefined
  readonly #input: ColumnScope
  readonly #context: Context
  readonly #keys: readonly Key[]
  readonly #measures: Measure[] = []
  readonly #isWhole: boolean

  /** `context.scope` is the input's. */
  constructor(select: Select, context: Context) {
    if (!(context.scope instanceof ColumnScope)) throw new TypeError('the input has no columns')
    this.#input = context.scope
    this.outer = context.scope.outer
    this.#context = context
    this.#isWhole = select.groupBy.length === 0
    this.#keys = select.groupBy.map((expression) => this.#key(meantBy(expression, select)))
  }

  #key(expression: Expression): Key {
    const column = expression.kind === 'path' ? this.#input.indexOf(expression.path) : undefined
    return { identity: identityOf(expression), column, bound: bind(expression, this.#context) }
  }

  #slot(index: number, type: Bound['type']): Bound {
    return { type, isConstant: false, evaluate: ({ row }) => row[index] ?? null }
  }

  find(path: Path): Bound | undefined {
    const column = this.#input.indexOf(path)
    if (column === undefined) return undefined
    const index = this.#keys.findIndex((key) => key.column === column)
    const key = this.#keys[index]
    if (key !== undefined) return this.#slot(index, key.bound.type)
    const name = path.join('.')
    throw invalidQuery(
      `SELECT list expression references column ${name} which is neither grouped nor aggregated`,
    )
  }

  /** Keys and aggregate calls, which are columns here; undefined for anything else. */
  intercept(expression: Expression): Bound | undefined {
    const identity = identityOf(expression)
    const index = this.#keys.findIndex((key) => key.identity === identity)
    const key = this.#keys[index]
    if (key !== undefined) return this.#slot(index, key.bound.type)
    if (expression.kind !== 'call' || expression.path.length !== 1) return undefined
    const name = (expression.path[0] ?? '').toUpperCase()
    if (!isAggregate(name)) return undefined
    return this.#measure(identity, name, expression)
  }

  #measure(identity: string, name: string, call: Extract<Expression, { kind: 'call' }>): Bound {
    const known = this.#measures.findIndex((measure) => measure.identity === identity)
    const index = known < 0 ? this.#measures.length : known
    if (known < 0) {
      const [argument] = call.args
      if (call.isStar ? name !== 'COUNT' : call.args.length !== 1 || argument === undefined) {
        throw invalidQuery(`No matching signature for aggregate function ${name}`)
      }
      const bound = argument === undefined ? undefined : bind(argument, this.#context)
      const aggregate = bindAggregate(name, bound?.type)
      this.#measures.push({ identity, aggregate, argument: bound, isDistinct: call.isDistinct })
    }
    return this.#slot(this.#keys.length + index, this.#measures[index]?.aggregate.type)
  }

  /** One row for each group; one for no rows at all, where there are no keys. */
  rowsOf(input: readonly Env[], outer: Env | undefined): readonly Env[] {
    const groups = new Map<string, { keys: readonly Value[]; members: Env[] }>()
    if (this.#isWhole) groups.set(rowKey([]), { keys: [], members: [] })
    for (const env of input) {
      const keys = this.#keys.map(({ bound }) => bound.evaluate(env))
      const group = groups.get(rowKey(keys))
      if (group === undefined) groups.set(rowKey(keys), { keys, members: [env] })
      else group.members.push(env)
    }
    return [...groups.values()].map(({ keys, members }) => {
      return { row: [...keys, ...this.#measures.map((at) => measured(at, members))], outer }
    })
  }
}

function measured({ aggregate, argument, isDistinct }: Measure, members: readonly Env[]): Value {
  if (argument === undefined) return BigInt(members.length)
  const values = members.map((env) => argument.evaluate(env)).filter((value) => value !== null)
  return aggregate.over(isDistinct ? distinct(values) : values)
}

/** GROUP BY takes ordinals and aliases of the select list, too. */
function meantBy(expression: Expression, select: Select): Expression {
  const items = select.items.filter((item) => item.kind === 'expression')
  if (expression.kind === 'literal' && typeof expression.value === 'bigint') {
    const item = items[Number(expression.value) - 1]
    if (item === undefined) throw invalidQuery('GROUP BY is out of SELECT clause range')
    return item.expression
  }
  if (expression.kind !== 'path' || expression.path.length !== 1) return expression
  const name = expression.path[0]?.toLowerCase()
  return items.find(({ alias }) => alias?.toLowerCase() === name)?.expression ?? expression
}
