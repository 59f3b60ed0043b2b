// A second proof of identity is refused at every Google service, before anything else is judged.

import t from 'tap'
import { classify } from '../../../../gateway/facts/classify.ts'
import { acceptRequest } from '../../../../gateway/request/accept.ts'
import { REQUEST_LIMITS } from '../../../../gateway/request/limits.ts'
import type { HeaderLine } from '../../../../gateway/request/message.ts'
import { matchRoute } from '../../../../gateway/routing/match.ts'
import { compileRoutingTable } from '../../../../gateway/routing/table.ts'
import { viewOf } from '../../../../gateway/pipeline/understand.ts'
import { head } from '../../../support/heads.ts'

const table = compileRoutingTable({
  baseHosts: ['gw.test'],
  routes: [
    {
      service: 'gcp_bigquery',
      upstream: 'https://bigquery.googleapis.com',
      regions: [],
      defaultRegion: undefined,
    },
  ],
})

function accepted(target: string, headers: readonly HeaderLine[] = []) {
  const request = acceptRequest(
    head('GET', target, headers, 'bigquery.gw.test'),
    'id',
    REQUEST_LIMITS,
  )
  if (!request.ok) throw new Error(request.error.detail)
  return request.value
}

function ruleOf(headers: readonly HeaderLine[]): string | undefined {
  const request = accepted('/bigquery/v2/projects/p/datasets', headers)
  const route = matchRoute(request, table)
  if (!route.ok) return route.error.rule
  const facts = classify(route.value, viewOf(request, route.value, undefined))
  return facts.ok ? 'ok' : facts.error.rule
}

t.test('a credential in a header is refused with its name', async (t) => {
  for (const name of [
    'X-Goog-Api-Key',
    'x-goog-iam-authority-selector',
    'X-Goog-IAM-Authorization-Token',
    'x-goog-authenticated-user-email',
  ]) {
    t.equal(ruleOf([[name, 'x']]), 'GX-1', name)
  }
  t.not(ruleOf([['x-goog-api-client', 'gl-node/20']]), 'GX-1')
  t.not(ruleOf([['authorization', 'Bearer placeholder']]), 'GX-1', 'it is dropped, not refused')
})

t.test('a form, which could hold a credential, is refused', async (t) => {
  for (const type of [
    'application/x-www-form-urlencoded',
    'Application/X-WWW-Form-Urlencoded; charset=utf-8',
  ]) {
    t.equal(ruleOf([['content-type', type]]), 'GX-2', type)
  }
})
