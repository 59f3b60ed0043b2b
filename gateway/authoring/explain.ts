// How a request would fare: every station's result, in order, up to the first refusal. The same
// stations as in `serve`; nothing is exchanged, signed with a real key, or sent.

import type { AwsCredential } from '../credential/credential.ts'
import type { Refusal } from '../errors.ts'
import { factsDocument, type FactsDocument } from '../facts/facts.ts'
import { authorize } from '../pipeline/authorize.ts'
import type { Generation } from '../pipeline/ports.ts'
import { understandOffline, type WholeRequest } from '../pipeline/understand-offline.ts'
import type { Decision } from '../policy/decision-types.ts'
import type { PolicyInput } from '../policy/policy-input.ts'
import { shape } from '../shape/shape.ts'
import type { ShapedRequest } from '../shape/shaped-request.ts'
import { explainSignature } from '../signing/sign.ts'
import type { Peer } from '../spiffe/peer.ts'
import { Secret } from '../util/secret.ts'

export interface Explanation {
  readonly verdict: 'allow' | 'deny'
  /** The station that refused, and why; absent for an allow. */
  readonly refused?: { readonly at: string } & Refusal
  readonly facts?: FactsDocument
  /** The policy input, as the engine sees it. */
  readonly input?: unknown
  readonly decision?: Decision
  /** What the bundle's `explain` entrypoint says of its rules. */
  readonly rules?: unknown
  readonly credential?: Readonly<Record<string, string>>
  readonly signature?: { readonly canonicalRequest: string; readonly stringToSign: string }
}

export interface ExplainPorts {
  readonly generation: Generation
  /** Undefined: the bundle explains only its verdict. */
  readonly explainEntrypoint: string | undefined
  readonly peer: Peer
  /** ms since the epoch */
  readonly now: number
}

export function explainRequest(whole: WholeRequest, ports: ExplainPorts): Explanation {
  const { generation, peer, now } = ports
  const understood = understandOffline(whole, generation.routing, generation.requestLimits)
  if (!understood.ok) return refused('facts', understood.error, {})
  const facts = factsDocument(understood.value.facts)
  const { allowed, input, decision } = authorize(
    { ...understood.value, peer, now },
    generation,
    () => 0,
  )
  const judged = {
    facts,
    ...(input === undefined ? {} : { input: JSON.parse(input.text) as unknown }),
    ...(decision === undefined ? {} : { decision }),
    ...(input === undefined ? {} : rulesOf(input, ports)),
  }
  if (!allowed.ok) return refused('policy', allowed.error, judged)
  const mode = generation.credentials.sessionPolicyMode(allowed.value.credential)
  const shaped = shape(allowed.value, { sessionPolicy: mode ?? 'decision' })
  if (!shaped.ok) return refused('shape', shaped.error, judged)
  const { sessionPolicy } = shaped.value
  const plan = generation.credentials.describe({
    name: allowed.value.credential,
    peer,
    sessionPolicy,
  })
  if (!plan.ok) return refused('credential', plan.error, judged)
  return {
    verdict: 'allow',
    ...judged,
    credential: { name: allowed.value.credential, ...plan.value },
    ...signatureOf(shaped.value, now),
  }
}

function refused(
  at: string,
  refusal: Refusal,
  judged: Omit<Explanation, 'verdict' | 'refused'>,
): Explanation {
  return { verdict: 'deny', refused: { at, ...refusal }, ...judged }
}

export function rulesOf(
  input: Pick<PolicyInput, 'text' | 'nowNs'>,
  { generation, explainEntrypoint }: Pick<ExplainPorts, 'generation' | 'explainEntrypoint'>,
): { rules?: unknown } {
  if (explainEntrypoint === undefined) return {}
  const answer = generation.engine.evaluate(explainEntrypoint, input)
  return { rules: answer.ok ? answer.value : `${answer.error.kind}: ${answer.error.detail}` }
}

/** With placeholders where the keys would be: the texts show what is signed, not with what. */
function signatureOf(shaped: ShapedRequest, now: number): Pick<Explanation, 'signature'> {
  const { region, signingName } = shaped.allowed.route
  if (region === undefined || signingName === undefined) return {}
  const placeholder: AwsCredential = {
    kind: 'aws-web-identity',
    provider: 'aws',
    name: shaped.allowed.credential,
    accessKeyId: '[secret]',
    secretAccessKey: new Secret('[secret]'),
    sessionToken: new Secret('[secret]'),
    expiresAt: now + 1,
    session: '',
  }
  const scope = { region, service: signingName }
  return { signature: explainSignature(shaped, placeholder, now, scope) }
}
