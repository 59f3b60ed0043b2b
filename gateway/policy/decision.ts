// The answer of a policy, read so that nothing it may have meant is lost: an allow is an allow only
// in exactly the form that docs/POLICY.md gives, and every condition in it is one that the gateway
// can carry out. A denial may name facts with which the policy would judge again. Whatever else
// comes is a denial with its own code.

import type { DecisionCode } from '../errors.ts'
import {
  NEEDS,
  type Decision,
  type Deny,
  type Need,
  type Needs,
  type Obligations,
} from './decision-types.ts'
import { DecisionShapeError, distinctTexts, recordOf } from './decision-shape.ts'
import { parseObligations, UnsupportedObligation } from './obligations.ts'

const MEMBERS: ReadonlySet<string> = new Set([
  'allow',
  'reasons',
  'credential',
  'obligations',
  'alternatives',
  'needs',
])

const REASON = /^[a-z0-9_.-]{1,64}$/
const MAX_REASONS = 256
const NEED = /^[a-z0-9_.]{1,64}$/
const MAX_NEEDS = 16
const CREDENTIAL = /^[A-Za-z0-9_.-]{1,128}$/
const MAX_ALTERNATIVES = 5
const MAX_ALTERNATIVE_BYTES = 200
// eslint-disable-next-line no-control-regex -- texts for agents hold no control characters
const CONTROL = /[\u0000-\u001f\u007f]/

const NO_OBLIGATIONS: Obligations = Object.freeze({})

/** `value` is what the engine gave: plain JSON data. */
export function parseDecision(value: unknown): Decision {
  if (value === true) return allow([], undefined, NO_OBLIGATIONS, [])
  if (value === false) return deny('ERR_SG_DENIED', 'the policy denies')
  try {
    return parseDocument(recordOf(value, 'the decision', MEMBERS))
  } catch (error) {
    if (error instanceof DecisionShapeError) return deny('ERR_SG_POLICY_ERROR', error.message)
    if (error instanceof UnsupportedObligation) {
      return deny('ERR_SG_OBLIGATION_UNSUPPORTED', error.message)
    }
    throw error
  }
}

function parseDocument(document: ReadonlyMap<string, unknown>): Decision {
  const reasons = distinctTexts(document.get('reasons'), 'reasons', MAX_REASONS, isReason)
  const alternatives = distinctTexts(
    document.get('alternatives'),
    'alternatives',
    MAX_ALTERNATIVES,
    isAlternative,
  )
  const needs = distinctTexts(document.get('needs'), 'needs', MAX_NEEDS, isNeed)
  const verdict = document.get('allow')
  if (verdict === false) {
    if (needs.length > 0) return asking(document, needs, reasons, alternatives)
    return deny('ERR_SG_DENIED', 'the policy denies', reasons, alternatives)
  }
  if (verdict !== true) throw new DecisionShapeError('`allow` is neither true nor false')
  if (document.has('needs')) throw new DecisionShapeError('`allow: true` together with `needs`')
  const credential = credentialName(document.get('credential'))
  const obligations = document.has('obligations')
    ? parseObligations(document.get('obligations'))
    : NO_OBLIGATIONS
  return allow(reasons, credential, obligations, alternatives)
}

/** Conditions of an allow have no meaning yet: a policy that states them expects something else. */
function asking(
  document: ReadonlyMap<string, unknown>,
  names: readonly string[],
  reasons: readonly string[],
  alternatives: readonly string[],
): Needs | Deny {
  if (document.has('obligations')) throw new DecisionShapeError('`needs` together with obligations')
  const credential = credentialName(document.get('credential'))
  const needs: Need[] = []
  for (const name of names) {
    const need = NEEDS.find((known) => known === name)
    if (need === undefined) {
      const detail = `the policy asks for a fact that no look-up gives: ${name}`
      return deny('ERR_SG_OBLIGATION_UNSUPPORTED', detail, reasons, alternatives)
    }
    needs.push(need)
  }
  return Object.freeze({
    kind: 'needs',
    needs: Object.freeze(needs),
    credential,
    reasons,
    alternatives,
  })
}

function credentialName(value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'string' && CREDENTIAL.test(value)) return value
  throw new DecisionShapeError('`credential` is not a name')
}

function isReason(text: string): boolean {
  return REASON.test(text)
}

function isNeed(text: string): boolean {
  return NEED.test(text)
}

function isAlternative(text: string): boolean {
  return text !== '' && Buffer.byteLength(text) <= MAX_ALTERNATIVE_BYTES && !CONTROL.test(text)
}

function allow(
  reasons: readonly string[],
  credential: string | undefined,
  obligations: Obligations,
  alternatives: readonly string[],
): Decision {
  return Object.freeze({ kind: 'allow', reasons, credential, obligations, alternatives })
}

function deny(
  code: DecisionCode,
  detail: string,
  reasons: readonly string[] = [],
  alternatives: readonly string[] = [],
): Deny {
  return Object.freeze({ kind: 'deny', code, detail, reasons, alternatives })
}
