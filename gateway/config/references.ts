// `${NAME}` in a text of the configuration. `$${` stands for a literal `${`.

import { err, ok, type Result } from '../util/result.ts'

export type Environment = Readonly<Record<string, string | undefined>>

export interface Expanded {
  readonly value: string
  readonly fromEnvironment: boolean
}

export interface ReferenceError {
  readonly message: string
  readonly hint: string
}

const TOKEN = /\$\$\{|\$\{([^}]*)\}|\$\{/g
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/

export function expandReferences(text: string, env: Environment): Result<Expanded, ReferenceError> {
  let problem: ReferenceError | undefined
  let fromEnvironment = false
  const value = text.replace(TOKEN, (token: string, name: string | undefined) => {
    if (token === '$${') return '${'
    if (name === undefined || !NAME.test(name)) {
      problem ??= {
        message: `${token} is not a reference`,
        hint: 'Write ${NAME}; for a literal ${ write $${.',
      }
      return token
    }
    // An environment may be an ordinary object: what it inherits is no variable.
    const variable = Object.hasOwn(env, name) ? env[name] : undefined
    if (variable === undefined) {
      problem ??= {
        message: `the environment variable ${name} is not set`,
        hint: `Set ${name} where the gateway starts, or write the value here.`,
      }
      return token
    }
    fromEnvironment = true
    return variable
  })
  if (problem !== undefined) return err(problem)
  return ok({ value, fromEnvironment })
}
