// A whole text: one statement, or a script, of which each statement is bound only when its turn
// comes, so that what ran before a failure stays done, as in BigQuery.

import type { Session } from './access.ts'
import type { Statement } from './ast.ts'
import { parseScript } from './parse-statement.ts'
import { bindLoose, isPlain, prepare } from './run-statement.ts'
import type { Outcome, Prepared } from './run-statement.ts'
import { coerce } from './operators.ts'
import { NO_ROW } from './scope.ts'
import { invalidQuery } from './sql-error.ts'
import type { Value } from './values.ts'

const MAX_IMMEDIATE_DEPTH = 10

export type PreparedText =
  | { readonly kind: 'statement'; readonly prepared: Prepared }
  /** Nothing of it is bound yet. */
  | { readonly kind: 'script'; readonly run: (limits: ScriptLimits) => ScriptOutcome }

export interface ScriptLimits {
  /** Throws SqlError where a statement may not be billed for so much more. */
  readonly charge: (prepared: Prepared) => void
}

export interface ScriptOutcome {
  /** What the last statement with a result gave. */
  readonly last: Outcome | undefined
  /** Types of all statements that ran, in order. */
  readonly ran: readonly string[]
}

/** Throws SqlError for a text that does not parse, or a single statement that does not bind. */
export function prepareText(text: string, session: Session): PreparedText {
  const statements = parseScript(text)
  const [only] = statements
  if (only !== undefined && statements.length === 1 && isPlain(only)) {
    return { kind: 'statement', prepared: prepare(only, session) }
  }
  return {
    kind: 'script',
    run: (limits) => {
      const script = new Script(session, limits)
      script.run(statements)
      return { last: script.last, ran: script.ran }
    },
  }
}

class Script {
  readonly #session: Session
  readonly #limits: ScriptLimits
  readonly ran: string[] = []
  last: Outcome | undefined
  #depth = 0

  constructor(session: Session, limits: ScriptLimits) {
    this.#session = session
    this.#limits = limits
  }

  run(statements: readonly Statement[]): void {
    for (const statement of statements) this.#step(statement)
  }

  #step(statement: Statement): void {
    if (isPlain(statement)) {
      const prepared = prepare(statement, this.#session)
      this.#limits.charge(prepared)
      const outcome = prepared.run()
      this.ran.push(prepared.statementType)
      if (statement.kind === 'query') this.last = outcome
      return
    }
    const { variables } = this.#session
    switch (statement.kind) {
      case 'block':
        return this.run(statement.statements)
      case 'execute-immediate':
        return this.#immediate(this.#value(statement.text))
      case 'if': {
        const branch = statement.branches.find(({ condition }) => this.#value(condition) === true)
        return this.run(branch?.statements ?? statement.otherwise)
      }
      case 'declare': {
        const value = statement.value ?? { kind: 'literal', type: 'INT64', value: null }
        const bound = coerce(
          bindLoose(value, this.#session),
          statement.type ?? bindLoose(value, this.#session).type,
        )
        for (const name of statement.names) {
          const type = bound.type ?? 'INT64'
          variables.set(name.toLowerCase(), { type, value: bound.evaluate(NO_ROW) })
        }
        return undefined
      }
      case 'set': {
        const variable = variables.get(statement.name.toLowerCase())
        if (variable === undefined) throw invalidQuery(`Undeclared variable: ${statement.name}`)
        const bound = coerce(bindLoose(statement.value, this.#session), variable.type)
        variables.set(statement.name.toLowerCase(), {
          type: variable.type,
          value: bound.evaluate(NO_ROW),
        })
        return undefined
      }
      default:
        return statement satisfies never
    }
  }

  #value(expression: Parameters<typeof bindLoose>[0]): Value {
    return bindLoose(expression, this.#session).evaluate(NO_ROW)
  }

  #immediate(text: Value): void {
    if (typeof text !== 'string') throw invalidQuery('EXECUTE IMMEDIATE needs a STRING')
    this.#depth += 1
    if (this.#depth > MAX_IMMEDIATE_DEPTH) throw invalidQuery('EXECUTE IMMEDIATE nests too deeply')
    this.run(parseScript(text))
    this.#depth -= 1
  }
}
