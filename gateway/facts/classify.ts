// Station 4: what the request means. The dispatcher by provider and service, and the only maker of
// Facts. A service without a classifier has no facts, so nothing of it can be allowed.

import { refusal, type Refusal } from '../errors.ts'
import type { Route } from '../routing/route.ts'
import { err, ok, type Result } from '../util/result.ts'
import { CLASSIFIERS } from './classifiers.ts'
import { makeFacts, type Facts } from './facts.ts'
import { googleHeaderFault } from './gcp/hygiene.ts'
import type { RequestView } from './request-view.ts'

export function classify(route: Route, view: RequestView): Result<Facts, Refusal> {
  const unclean = route.provider === 'gcp' ? googleHeaderFault(view.headers) : undefined
  if (unclean !== undefined) return err(unclean)
  const classifier = CLASSIFIERS.get(route.service)
  if (classifier === undefined) {
    const detail = `no operation of ${route.service} is known`
    return err(refusal('ERR_SG_OPERATION_UNKNOWN', detail, 'FX-1'))
  }
  const fields = classifier.classify(route, view)
  return fields.ok ? ok(makeFacts(fields.value)) : fields
}

/**
 * How many bytes of the body must be buffered before `classify`, because facts depend on them;
 * those same bytes are then forwarded. Undefined: the body is not looked at and streams.
 */
export function inspectLimit(route: Route, view: RequestView): number | undefined {
  return CLASSIFIERS.get(route.service)?.inspectLimit(view)
}
