// Every rule that a JWT-SVID is held to, with the code it refuses with and where it is written. The
// ids are those of the public SPIFFE client conformance catalogue (JV-), and `JV+…` for our own. A
// refusal cites one, and so does the conformance test that proves it.
//
// JS = JWT-SVID.md, WA = SPIFFE_Workload_API.md, of spiffe/spiffe `standards/`.

import { refusal, type Refusal, type SvidCode } from '../errors.ts'
import { err, type Err } from '../util/result.ts'

interface Rule {
  readonly code: SvidCode
  readonly requires: string
  readonly source: string
}

const rules = {
  'JV-3': {
    code: 'ERR_SG_SVID_CHAIN',
    requires: 'the algorithm is one of RS, ES or PS with 256, 384 or 512',
    source: 'JS §2.1',
  },
  'JV-7': {
    code: 'ERR_SG_SVID_CHAIN',
    requires: 'the key is of the kind that the algorithm takes',
    source: 'RFC 7518 §3.1, RFC 8725 §3.1',
  },
  'JV-11': {
    code: 'ERR_SG_SVID_USAGE',
    requires: 'the audience is there, and ours is in it',
    source: 'JS §3.2, §5.2',
  },
  'JV-13': {
    code: 'ERR_SG_SVID_EXPIRED',
    requires: 'the expiry is there, and has not been reached',
    source: 'JS §3.3, RFC 7519 §4.1.4',
  },
  'JV-15': {
    code: 'ERR_SG_SVID_NOT_YET_VALID',
    requires: 'what `nbf` says has been reached',
    source: 'RFC 7519 §4.1.5',
  },
  'JV-16': {
    code: 'ERR_SG_SVID_CHAIN',
    requires: 'the signature verifies with a key of the bundle of the subject’s own trust domain',
    source: 'JS §5.1, WA §6.3',
  },
  'JV-18': {
    code: 'ERR_SG_SVID_TRUST_DOMAIN',
    requires: 'there is a bundle for the trust domain of the subject',
    source: 'WA §6.3',
  },
  'JV-19': {
    code: 'ERR_SG_SVID_ID',
    requires: 'the subject is there, and a SPIFFE ID',
    source: 'JS §3.1',
  },
  'JV-21': {
    code: 'ERR_SG_SVID_MALFORMED',
    requires: '`typ` is absent, JWT or JOSE',
    source: 'JS §2.3',
  },
  'JV-23': {
    code: 'ERR_SG_SVID_MALFORMED',
    requires: 'the header has no other parameter than alg, kid and typ',
    source: 'JS §2',
  },
  'JV-24': {
    code: 'ERR_SG_SVID_MALFORMED',
    requires: 'it is one JWS in compact serialisation, in its only spelling',
    source: 'JS §1, RFC 7515 §7.1',
  },
  'JV+1': {
    code: 'ERR_SG_SVID_MALFORMED',
    requires: 'header and claims are one JSON object each, and no name stands twice',
    source: 'RFC 7519 §4, RFC 8725 §2.4',
  },
  'JV+2': {
    code: 'ERR_SG_SVID_MALFORMED',
    requires: 'it has 8 KiB at most',
    source: 'own limit',
  },
  'JV+3': {
    code: 'ERR_SG_SVID_MISSING',
    requires: 'a request carries one where the configuration asks for it',
    source: 'docs/CONFIG.md, tokenSource',
  },
  'JV+4': {
    code: 'ERR_SG_SVID_MALFORMED',
    requires: 'a request carries one only',
    source: 'docs/CONFIG.md, tokenSource',
  },
  'JV+5': {
    code: 'ERR_SG_SVID_USAGE',
    requires: 'what an agent presents is for this gateway and for nobody else',
    source: 'JS §7.2 (replay)',
  },
  'JV+6': {
    code: 'ERR_SG_SVID_ID',
    requires: 'the subject is that of the X.509-SVID of the connection',
    source: 'docs/CONFIG.md, tokenSource',
  },
} as const satisfies Readonly<Record<string, Rule>>

export type JwtSvidRule = keyof typeof rules

export const JWT_SVID_RULES: Readonly<Record<JwtSvidRule, Rule>> = rules

export function refuseJwt(rule: JwtSvidRule, detail: string): Err<Refusal<SvidCode>> {
  return err(refusal(JWT_SVID_RULES[rule].code, `JWT-SVID: ${detail}`, rule))
}
