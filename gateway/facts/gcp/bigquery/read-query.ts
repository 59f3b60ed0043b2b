// The query of a request: every parameter must be one that the method lists, or one of the API's own
// that change nothing, and stand once with a value of its kind. Google's front end also takes
// credentials, method names and formats there, and ignores what it does not know today.

import type { QueryParameter } from '../../../request/gateway-request.ts'
import { ok, type Result } from '../../../util/result.ts'
import { quoted } from '../../quoted.ts'
import {
  IGNORED_GLOBALS,
  PASSED_GLOBALS,
  REFUSED_GLOBALS,
  type BigQueryMethod,
} from './method-index.ts'
import type { ParameterModel } from './method-model.ts'
import { refuseBigQuery, type BigQueryRefusal } from './refusal-rules.ts'

const BOOLEAN = /^(?:true|false)$/i
const INTEGER = /^[0-9]{1,20}$/
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]/
const MAX_TEXT = 4096

const GLOBAL_MODELS: ReadonlyMap<string, ParameterModel> = new Map([
  ['alt', { kind: 'text', values: ['json'], repeated: false }],
  ['prettyPrint', { kind: 'boolean', values: [], repeated: false }],
  ['$.xgafv', { kind: 'text', values: ['1', '2'], repeated: false }],
])
const TEXT: ParameterModel = { kind: 'text', values: [], repeated: false }

/** Checks only: the parameters are the request's own. */
export function checkQuery(
  method: BigQueryMethod,
  query: readonly QueryParameter[],
): Result<undefined, BigQueryRefusal> {
  for (const [index, { name, value }] of query.entries()) {
    const model = modelOf(method, name)
    if (model === undefined) return refuseName(method, name)
    if (!model.repeated && query.findIndex((other) => other.name === name) !== index) {
      return refuseBigQuery('BQ-QUERY-TWICE', `${quoted(name)} stands more than once`)
    }
    if (!isValue(model, value ?? '')) {
      return refuseBigQuery('BQ-QUERY-VALUE', `${quoted(name)} is ${quoted(value ?? '')}`)
    }
  }
  return ok(undefined)
}

function modelOf({ model, rule }: BigQueryMethod, name: string): ParameterModel | undefined {
  if (Object.hasOwn(model.query, name)) return model.query[name]
  if (PASSED_GLOBALS.has(name) || IGNORED_GLOBALS.has(name)) return GLOBAL_MODELS.get(name) ?? TEXT
  return rule.alsoQuery?.includes(name) === true ? TEXT : undefined
}

function refuseName({ model }: BigQueryMethod, name: string): Result<never, BigQueryRefusal> {
  if (REFUSED_GLOBALS.has(name)) return refuseBigQuery('BQ-QUERY-CREDENTIAL', quoted(name))
  return refuseBigQuery('BQ-QUERY-UNKNOWN', `${model.name} takes no ${quoted(name)}`)
}

function isValue({ kind, values }: ParameterModel, value: string): boolean {
  if (values.length > 0) return values.includes(value)
  if (kind === 'boolean') return BOOLEAN.test(value)
  if (kind === 'integer') return INTEGER.test(value)
  return value.length <= MAX_TEXT && !CONTROL.test(value)
}

/** The one value of a parameter that may stand once. */
export function queryValue(query: readonly QueryParameter[], name: string): string | undefined {
  for (const parameter of query) if (parameter.name === name) return parameter.value ?? ''
  return undefined
}
