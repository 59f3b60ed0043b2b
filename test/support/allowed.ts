// An allowed request without a pipeline: what `authorize` would make of an allow.

import { classify } from '../../gateway/facts/classify.ts'
import type { Obligations } from '../../gateway/policy/decision-types.ts'
import type { MessageHead } from '../../gateway/request/message.ts'
import { makeAllowedRequest, type AllowedRequest } from '../../gateway/shape/allowed-request.ts'
import { makePeer } from '../../gateway/spiffe/peer.ts'
import { understand } from './s3-facts.ts'

const peer = makePeer({
  spiffeId: 'spiffe://example.org/agent/acme/data-crew/writer',
  trustDomain: 'example.org',
  tenant: 'acme',
  agent: 'data-crew',
  role: 'writer',
  serial: '01',
  notAfter: '2026-11-23T12:00:00Z',
  expiresAt: 0,
  sha256: '0'.repeat(64),
  bundleRevision: 1,
})

export function allow(
  message: MessageHead,
  obligations: Obligations = {},
  body?: Buffer,
): AllowedRequest {
  const understood = understand(message, body)
  if (!understood.ok) throw new Error(understood.error.detail)
  const { request, route, view } = understood.value
  const facts = classify(route, view)
  if (!facts.ok) throw new Error(facts.error.detail)
  return makeAllowedRequest({
    peer,
    request,
    route,
    facts: facts.value,
    decision: {
      kind: 'allow',
      reasons: ['test'],
      credential: undefined,
      obligations,
      alternatives: [],
    },
    credential: 'aws-data',
    body: view.body,
  })
}
