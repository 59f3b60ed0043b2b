// `tokenSource: presented`: the agent's JWT-SVID as second factor. Its certificate proves the
// connection; the token proves that whoever sends this request can still get one from the trust
// domain, now. It adds to the certificate and takes the place of nothing: the two must name the same
// agent. The token is for us alone, because one that a cloud would take, too, is a bearer that we have
// no business to hold; it is never forwarded (`request/headers.ts` drops every x-svidgate- header) and
// never recorded.

import type { Refusal, SvidCode } from '../errors.ts'
import type { HeaderLine } from '../request/message.ts'
import { refuseJwt } from '../spiffe/jwt-rules.ts'
import type { VerifiedJwtSvid } from '../spiffe/jwt-svid-verify.ts'
import type { Peer } from '../spiffe/peer.ts'
import { ok, type Result } from '../util/result.ts'

export const JWT_SVID_HEADER = 'x-svidgate-jwt-svid'

type Refused = Refusal<SvidCode>

export interface SecondFactorPorts {
  /** Ours, byte for byte. */
  readonly audience: string
  verify(
    token: string,
  ): Result<VerifiedJwtSvid, Refused> | Promise<Result<VerifiedJwtSvid, Refused>>
}

/** Undefined: the request carries what it must. */
export async function checkSecondFactor(
  headers: readonly HeaderLine[],
  peer: Peer,
  ports: SecondFactorPorts,
): Promise<Refused | undefined> {
  const token = presentedToken(headers)
  if (!token.ok) return token.error
  const verdict = await ports.verify(token.value)
  if (!verdict.ok) return verdict.error
  const { id, audiences } = verdict.value
  const unfit =
    audiences.length === 1 && audiences[0] === ports.audience
      ? undefined
      : refuseJwt('JV+5', 'it is for others, too')
  const stranger =
    id.text === peer.spiffeId ? undefined : refuseJwt('JV+6', 'it is of another agent')
  return (unfit ?? stranger)?.error
}

function presentedToken(headers: readonly HeaderLine[]): Result<string, Refused> {
  let found: string | undefined
  for (const [name, value] of headers) {
    if (name.length !== JWT_SVID_HEADER.length || name.toLowerCase() !== JWT_SVID_HEADER) continue
    if (found !== undefined) return refuseJwt('JV+4', 'the request carries two')
    found = value
  }
  return found === undefined
    ? refuseJwt('JV+3', `there is no ${JWT_SVID_HEADER} header`)
    : ok(found)
}
