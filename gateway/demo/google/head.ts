// What holds for the head of every request to a Google API here: one Host, ours; no header or query
// parameter that would name another caller, another method or another project to bill ("System
// parameters" of Google's APIs).

import type { HeaderIndex, RawHead } from '../sandbox/raw-head.ts'
import { indexHeaders, percentDecode, rawQueryOf, single } from '../sandbox/raw-head.ts'
import { err, ok } from '../../util/result.ts'
import type { Result } from '../../util/result.ts'
import { googleFault } from './fault.ts'
import type { GoogleFault } from './fault.ts'

const REFUSED_HEADERS = [
  'x-http-method-override',
  'x-http-method',
  'x-goog-api-key',
  'x-goog-user-project',
  'x-goog-iam-authorization-token',
  'x-goog-authenticated-user-email',
  'proxy-authorization',
  'cookie',
  'content-encoding',
]
const ONCE = ['host', 'authorization', 'content-type', 'content-length', 'transfer-encoding']

export function checkHead(
  head: RawHead,
  isOwnHost: (host: string) => boolean,
): Result<HeaderIndex, GoogleFault> {
  const headers = indexHeaders(head)
  const refused = REFUSED_HEADERS.find((name) => headers.has(name))
  if (refused !== undefined) return err(bad(`The header ${refused} is not served here`))
  const twice = ONCE.find((name) => (headers.get(name)?.length ?? 0) > 1)
  if (twice !== undefined) return err(bad(`The header ${twice} appears more than once`))
  if (!isOwnHost(single(headers, 'host') ?? '')) {
    return err(googleFault(404, 'notFound', 'The Host header names no service of the sandbox'))
  }
  return ok(headers)
}

export function bad(message: string): GoogleFault {
  return googleFault(400, 'badRequest', message)
}

/** Parameters of every method: how the answer is written, and which of its members are wanted. */
const COMMON = new Set(['alt', 'prettyPrint', 'fields'])

/** Names decoded once, each at most once, and none that the method does not have. */
export function readQuery(
  target: string,
  known: ReadonlySet<string>,
): Result<ReadonlyMap<string, string>, GoogleFault> {
  const query = new Map<string, string>()
  const raw = rawQueryOf(target)
  for (const part of raw === '' ? [] : raw.split('&')) {
    const [rawName = '', ...rest] = part.split('=')
    const name = percentDecode(rawName)
    const value = percentDecode(rest.join('='))
    if (name === undefined || value === undefined || name === '') {
      return err(bad('The query string is malformed'))
    }
    if (query.has(name)) return err(bad(`The parameter ${name} appears more than once`))
    if (!known.has(name) && !COMMON.has(name)) {
      return err(bad(`Invalid query parameter: ${name}`))
    }
    query.set(name, value)
  }
  if ((query.get('alt') ?? 'json') !== 'json') return err(bad('Only alt=json is served'))
  if (!/^\w+(?:,\w+)*$/.test(query.get('fields') ?? 'all')) {
    return err(bad('Only names of top-level members are served in fields'))
  }
  return ok(query)
}

/** A partial answer (`fields` of Google's system parameters). */
export function onlyFields(document: object, query: ReadonlyMap<string, string>): object {
  const wanted = query.get('fields')?.split(',')
  if (wanted === undefined) return document
  return Object.fromEntries(Object.entries(document).filter(([name]) => wanted.includes(name)))
}
