// Every error that a vendor can throw at us is one of our codes, and none of its text is repeated.

import { errors } from 'undici'
import t from 'tap'
import { mapUpstreamError } from '../../../gateway/upstream/failure.ts'
import { EgressRefused } from '../../../gateway/upstream/guarded-connect.ts'
import { BodyStalled } from '../../../gateway/upstream/request-body.ts'

const system = (code: string) => Object.assign(new Error('token=secret'), { code })

const TABLE: readonly (readonly [id: string, error: unknown, code: string])[] = [
  ['the egress guard', new EgressRefused('x'), 'ERR_SG_UPSTREAM_REFUSED'],
  ['a client that stalls', new BodyStalled(), 'ERR_SG_REQUEST_TIMEOUT'],
  ['no connection in time', new errors.ConnectTimeoutError(), 'ERR_SG_UPSTREAM_TIMEOUT'],
  ['no head in time', new errors.HeadersTimeoutError(), 'ERR_SG_UPSTREAM_TIMEOUT'],
  ['no more body in time', new errors.BodyTimeoutError(), 'ERR_SG_UPSTREAM_TIMEOUT'],
  ['the system’s own timeout', system('ETIMEDOUT'), 'ERR_SG_UPSTREAM_TIMEOUT'],
  ['the other side closed', new errors.SocketError('other side closed'), 'ERR_SG_UPSTREAM_RESET'],
  ['a reset', system('ECONNRESET'), 'ERR_SG_UPSTREAM_RESET'],
  ['a broken pipe', system('EPIPE'), 'ERR_SG_UPSTREAM_RESET'],
  ['a head too long', new errors.HeadersOverflowError(), 'ERR_SG_UPSTREAM_PROTOCOL'],
  ['what its parser refuses', new errors.HTTPParserError('x'), 'ERR_SG_UPSTREAM_PROTOCOL'],
  [
    'another length than stated',
    new errors.ResponseContentLengthMismatchError(),
    'ERR_SG_UPSTREAM_PROTOCOL',
  ],
  ['a port that nobody listens on', system('ECONNREFUSED'), 'ERR_SG_UPSTREAM_UNREACHABLE'],
  ['a name that nobody has', system('ENOTFOUND'), 'ERR_SG_UPSTREAM_UNREACHABLE'],
  [
    'a certificate of somebody else',
    system('ERR_TLS_CERT_ALTNAME_INVALID'),
    'ERR_SG_UPSTREAM_UNREACHABLE',
  ],
  [
    'a certificate nobody vouches for',
    system('SELF_SIGNED_CERT_IN_CHAIN'),
    'ERR_SG_UPSTREAM_UNREACHABLE',
  ],
  [
    'several addresses that all fail',
    new AggregateError([system('ETIMEDOUT'), system('ECONNREFUSED')]),
    'ERR_SG_UPSTREAM_TIMEOUT',
  ],
  [
    'a cause within',
    Object.assign(new errors.SocketError('x'), { cause: system('ETIMEDOUT') }),
    'ERR_SG_UPSTREAM_TIMEOUT',
  ],
  ['an error without a code', new Error('token=secret'), 'ERR_SG_UPSTREAM_UNREACHABLE'],
  ['no error at all', 'token=secret', 'ERR_SG_UPSTREAM_UNREACHABLE'],
  ['nothing', undefined, 'ERR_SG_UPSTREAM_UNREACHABLE'],
]

for (const [id, error, code] of TABLE) {
  t.test(id, (t) => {
    const mapped = mapUpstreamError(error)
    t.equal(mapped.code, code)
    t.notMatch(mapped.detail, /secret/)
    t.end()
  })
}
