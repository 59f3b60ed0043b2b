// The path of a request: which method, on what. Segments are found before anything is decoded, so
// `%2F` moves no border, and each name is decoded once and must then be a name. A path that a server
// could tidy up to another one (empty, dot and trailing segments) is refused instead of tidied.

import type { Method } from '../../../request/gateway-request.ts'
import { percentDecode } from '../../../request/percent.ts'
import { ok, type Result } from '../../../util/result.ts'
import { quoted } from '../../quoted.ts'
import { METHODS_BY_KEY, methodKey, type BigQueryMethod } from './method-index.ts'
import { BIGQUERY_METHODS, SERVICE_PATH } from './method-model.generated.ts'
import { IS_NAME, type NameKind } from './names.ts'
import { refuseBigQuery, type BigQueryRefusal } from './refusal-rules.ts'

export type PathNames = Readonly<Partial<Record<NameKind, string>>>

export interface ReadPath {
  readonly method: BigQueryMethod
  readonly names: PathNames
}

/** Roots of the media uploads and of the batches (discovery document, `mediaUpload`, `batchPath`). */
const UPLOAD_ROOTS = BIGQUERY_METHODS.flatMap(({ uploads }) => uploads).map((path) =>
  path.slice(0, path.indexOf(SERVICE_PATH) + 1),
)
const BATCH_ROOT = '/batch'

/** The longest path of the API has nine. */
const MAX_SEGMENTS = 16

export function readPath(verb: Method, path: string): Result<ReadPath, BigQueryRefusal> {
  if (!path.startsWith(SERVICE_PATH)) return refuseRoot(path)
  const segments = path.slice(SERVICE_PATH.length).split('/', MAX_SEGMENTS)
  let pattern = ''
  for (const [index, segment] of segments.entries()) {
    if (segment === '') return refuseBigQuery('BQ-PATH', 'an empty path segment')
    if (/^(?:\.|%2e){1,2}$/i.test(segment)) return refuseBigQuery('BQ-PATH', 'a dot segment')
    const isName = index % 2 === 1
    const part = isName ? `*${verbOf(segment, index === segments.length - 1)}` : segment
    pattern += index === 0 ? part : `/${part}`
  }
  const method = METHODS_BY_KEY.get(methodKey(verb, pattern))
  if (method === undefined) {
    const detail = `${verb} ${quoted(pattern)} under ${SERVICE_PATH}`
    return refuseBigQuery('BQ-UNKNOWN', detail)
  }
  return readNames(method, segments)
}

/** `:getIamPolicy` of a last segment. A project's own colon never stands last. */
function verbOf(segment: string, isLast: boolean): string {
  const colon = isLast ? segment.indexOf(':') : -1
  return colon === -1 ? '' : segment.slice(colon)
}

function readNames(
  method: BigQueryMethod,
  segments: readonly string[],
): Result<ReadPath, BigQueryRefusal> {
  const names: Partial<Record<NameKind, string>> = {}
  for (const [at, kind] of method.names.entries()) {
    const index = 2 * at + 1
    const segment = segments[index] ?? ''
    const verb = verbOf(segment, index === segments.length - 1)
    const name = percentDecode(segment.slice(0, segment.length - verb.length))
    if (name === undefined || !IS_NAME[kind](name)) {
      return refuseBigQuery('BQ-NAME', `${quoted(segment)} is no ${kind}`)
    }
    names[kind] = name
  }
  return ok({ method, names })
}

function refuseRoot(path: string): Result<never, BigQueryRefusal> {
  if (path === BATCH_ROOT || path.startsWith(`${BATCH_ROOT}/`)) {
    return refuseBigQuery('BQ-BATCH', 'a batch of requests')
  }
  if (UPLOAD_ROOTS.some((root) => path.startsWith(root))) {
    return refuseBigQuery('BQ-UPLOAD', 'jobs.insert with the data behind it')
  }
  return refuseBigQuery('BQ-UNKNOWN', `a path outside ${SERVICE_PATH}`)
}
