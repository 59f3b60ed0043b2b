// The vendor's model and our rules, joined once at start and laid out for one look-up: verb and path
// with every name replaced by a star. In all of the API a word and a name take turns, so no two
// methods can share a key, and the start fails should a new model break that.

import type { Method } from '../../../request/gateway-request.ts'
import { CREDENTIAL_OPERATIONS } from '../../credential-operations.ts'
import type { MethodModel } from './method-model.ts'
import { BIGQUERY_METHODS, GLOBAL_PARAMETERS } from './method-model.generated.ts'
import { METHOD_RULES, type MethodRule } from './method-rules.ts'
import { IS_NAME, type NameKind } from './names.ts'

export interface BigQueryMethod {
  readonly model: MethodModel
  readonly rule: MethodRule
  /** The names in the path, in its order. */
  readonly names: readonly NameKind[]
}

/** Global parameters by what is done with them; a new one stops the start. */
export const PASSED_GLOBALS: ReadonlySet<string> = new Set(['alt', 'fields', 'prettyPrint'])
/** They say nothing to BigQuery that we would say in the agent's name. */
export const IGNORED_GLOBALS: ReadonlySet<string> = new Set(['$.xgafv', 'quotaUser'])
export const REFUSED_GLOBALS: ReadonlySet<string> = new Set([
  'access_token',
  'callback',
  'key',
  'oauth_token',
  'uploadType',
  'upload_protocol',
])

/** `pattern`: the path behind the service's, every name a star. */
export function methodKey(method: Method, pattern: string): string {
  return `${method} ${pattern}`
}

export const METHODS: readonly BigQueryMethod[] = BIGQUERY_METHODS.map(join)
export const METHODS_BY_KEY: ReadonlyMap<string, BigQueryMethod> = keyed(METHODS)

function join(model: MethodModel): BigQueryMethod {
  const rule = METHOD_RULES[model.name]
  if (rule === undefined) throw new TypeError(`method-rules.ts has no row for ${model.name}`)
  if (CREDENTIAL_OPERATIONS.has(`bigquery.${model.name}`) !== (rule.access === 'credentials')) {
    throw new TypeError(`${model.name}: its access and credential-operations.ts disagree`)
  }
  return { model, rule, names: namesOf(model) }
}

function namesOf({ name, path }: MethodModel): NameKind[] {
  const names: NameKind[] = []
  for (const [index, segment] of path.split('/').entries()) {
    const parameter = /^\{(\w+)\}(?::\w+)?$/.exec(segment)?.[1]
    if ((parameter === undefined) !== (index % 2 === 0)) {
      throw new TypeError(`${name}: words and names do not take turns in ${path}`)
    }
    if (parameter === undefined) continue
    if (!isNameKind(parameter)) throw new TypeError(`${name}: unknown name ${parameter}`)
    names.push(parameter)
  }
  return names
}

function isNameKind(text: string): text is NameKind {
  return Object.hasOwn(IS_NAME, text)
}

function keyed(methods: readonly BigQueryMethod[]): ReadonlyMap<string, BigQueryMethod> {
  for (const name of GLOBAL_PARAMETERS) {
    const places = [PASSED_GLOBALS, IGNORED_GLOBALS, REFUSED_GLOBALS]
    if (places.filter((place) => place.has(name)).length !== 1) {
      throw new TypeError(`method-index.ts does not say what to do with the parameter ${name}`)
    }
  }
  const byKey = new Map<string, BigQueryMethod>()
  for (const method of methods) {
    const key = methodKey(method.model.method, method.model.path.replace(/\{\w+\}/g, '*'))
    if (byKey.has(key)) throw new TypeError(`two methods are ${key}`)
    byKey.set(key, method)
  }
  return byKey
}
