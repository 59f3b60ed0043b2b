// A strict STS: AssumeRoleWithWebIdentity and nothing else. It trusts an issuer's published keys,
// never a key it was given; it takes each token once; and what it issues opens the sandbox S3 only.

import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { err, ok } from '../util/result.ts'
import type { Result } from '../util/result.ts'
import { fault } from './aws/fault.ts'
import type { AwsFault } from './aws/fault.ts'
import { matchesWildcard } from './aws/iam-policy.ts'
import type { IssuedCredential, IssuedCredentials } from './aws/issued-credentials.ts'
import type { TokenProblem, WebIdentity } from './sandbox/jwt.ts'
import { indexHeaders, rawHead, single } from './sandbox/raw-head.ts'
import type { RawHead } from './sandbox/raw-head.ts'
import { readBody } from './sandbox/read-body.ts'
import type { RequestLog, SandboxRequest } from './sandbox/request-log.ts'
import { TokenVerifier } from './sandbox/token-verifier.ts'
import type { CompiledRole } from './aws/roles.ts'
import { MAX_POLICY_CHARACTERS, parseAssumeRole } from './aws/sts-parameters.ts'
import type { AssumeRoleParameters } from './aws/sts-parameters.ts'
import { writeXml } from './aws/xml.ts'
import type { XmlNode } from './aws/xml.ts'

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/'
const MAX_BODY_BYTES = 64 * 1024
const DEFAULT_DURATION_SECONDS = 3600

interface SandboxStsOptions {
  readonly now: () => number
  readonly issuerUrl: string
  readonly fetchJson: (url: string) => Promise<unknown>
  readonly roles: ReadonlyMap<string, CompiledRole>
  readonly credentials: IssuedCredentials
  readonly log: RequestLog
}

interface Assumed {
  readonly credential: IssuedCredential
  readonly identity: WebIdentity
  readonly packedPercent: number
}

/** The call is unsigned by design; what carries a signature is confused, and refused. */
const FORBIDDEN_HEADERS = [
  'authorization',
  'x-amz-security-token',
  'x-amz-date',
  'x-amz-content-sha256',
  'cookie',
  'content-encoding',
  'transfer-encoding',
]

function checkHead(head: RawHead): AwsFault | undefined {
  const headers = indexHeaders(head)
  const forbidden = FORBIDDEN_HEADERS.find((name) => headers.has(name))
  if (forbidden === 'transfer-encoding') {
    return fault(411, 'MissingContentLength', 'The request must have a Content-Length')
  }
  if (forbidden !== undefined) {
    const message = `AssumeRoleWithWebIdentity is unsigned and takes no ${forbidden} header`
    return fault(403, 'InvalidClientTokenId', message)
  }
  if (head.method !== 'POST') return fault(405, 'MethodNotAllowed', 'Only POST is served')
  if (head.target !== '/') return fault(404, 'InvalidAction', 'Only the target / is served')
  for (const name of ['host', 'content-type', 'content-length']) {
    if (headers.get(name)?.length !== 1) {
      return fault(400, 'ValidationError', `The request must have exactly one ${name} header`)
    }
  }
  const type = (single(headers, 'content-type') ?? '').toLowerCase()
  if (!/^application\/x-www-form-urlencoded(?:; ?charset=utf-8)?$/.test(type)) {
    return fault(400, 'ValidationError', 'The content type must be a URL-encoded form')
  }
  return undefined
}

async function readParameters(
  message: IncomingMessage,
  entry: SandboxRequest,
): Promise<Result<AssumeRoleParameters, AwsFault>> {
  const body = await readBody(message, MAX_BODY_BYTES, (count) => {
    entry.bytesIn += count
  })
  if (body.ok) return parseAssumeRole(body.value.toString('latin1'))
  return err(
    body.error === 'too-large'
      ? fault(413, 'RequestEntityTooLarge', 'The request body is too large')
      : fault(400, 'IncompleteBody', 'The connection ended before the body did'),
  )
}

/** Codes of AssumeRoleWithWebIdentity in the AWS STS API reference. */
const TOKEN_CODES: Readonly<Record<TokenProblem['kind'], string>> = {
  invalid: 'InvalidIdentityToken',
  expired: 'ExpiredTokenException',
  'issuer-unreachable': 'IDPCommunicationError',
}

function notAuthorized(): AwsFault {
  const message = 'Not authorized to perform sts:AssumeRoleWithWebIdentity'
  return fault(403, 'AccessDenied', message)
}

export class SandboxSts {
  readonly #options: SandboxStsOptions
  readonly #tokens: TokenVerifier

  constructor(options: SandboxStsOptions) {
    this.#options = options
    const { now, issuerUrl, fetchJson, roles } = options
    const audiences = new Set([...roles.values()].map((role) => role.trust.audience))
    this.#tokens = new TokenVerifier({ now, issuerUrl, fetchJson, audiences })
  }

  async handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const head = rawHead(message)
    const entry = this.#options.log.begin('sts', head.method, head.target, head.headers)
    const problem = checkHead(head)
    const assumed = problem === undefined ? await this.#assume(message, entry) : err(problem)
    entry.verdict = assumed.ok ? 'accepted' : 'refused'
    entry.code = assumed.ok ? undefined : assumed.error.code
    entry.status = assumed.ok ? 200 : assumed.error.status
    const requestId = randomUUID()
    const body = assumed.ok
      ? successDocument(assumed.value, this.#options.issuerUrl, requestId)
      : errorDocument(assumed.error, requestId)
    response.writeHead(entry.status, {
      'content-type': 'text/xml',
      'content-length': body.length,
      'x-amzn-requestid': requestId,
      date: new Date(this.#options.now()).toUTCString(),
    })
    response.end(body)
  }

  async #assume(
    message: IncomingMessage,
    entry: SandboxRequest,
  ): Promise<Result<Assumed, AwsFault>> {
    const parameters = await readParameters(message, entry)
    if (!parameters.ok) return parameters
    entry.operation = 'sts.AssumeRoleWithWebIdentity'
    const identity = await this.#tokens.verify(parameters.value.token)
    if (!identity.ok) {
      return err(fault(400, TOKEN_CODES[identity.error.kind], identity.error.message))
    }
    const issued = this.#issue(parameters.value, identity.value)
    if (!issued.ok) return issued
    entry.principal = issued.value.principalArn
    const share = parameters.value.policyLength / MAX_POLICY_CHARACTERS
    return ok({
      credential: issued.value,
      identity: identity.value,
      packedPercent: Math.ceil(share * 100),
    })
  }

  #issue(
    parameters: AssumeRoleParameters,
    identity: WebIdentity,
  ): Result<IssuedCredential, AwsFault> {
    const role = this.#options.roles.get(parameters.roleArn)
    const isTrusted =
      role !== undefined &&
      role.trust.audience === identity.audience &&
      role.trust.subjects.some((pattern) => matchesWildcard(pattern, identity.subject))
    if (!isTrusted) return err(notAuthorized())
    const max = role.trust.maxSessionSeconds
    const duration = parameters.durationSeconds ?? Math.min(DEFAULT_DURATION_SECONDS, max)
    if (duration > max) {
      const message =
        'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.'
      return err(fault(400, 'ValidationError', message))
    }
    const session = `${role.name}/${parameters.sessionName}`
    return ok(
      this.#options.credentials.issue({
        expiresAt: Math.floor(this.#options.now() / 1000 + duration) * 1000,
        account: role.account,
        roleArn: role.arn,
        sessionName: parameters.sessionName,
        principalArn: `arn:aws:sts::${role.account}:assumed-role/${session}`,
        rolePolicy: role.compiled,
        sessionPolicy: parameters.sessionPolicy,
      }),
    )
  }
}

function successDocument(assumed: Assumed, issuerUrl: string, requestId: string): Buffer {
  const { credential, identity } = assumed
  const provider = issuerUrl.replace(/^https?:\/\//, '')
  const result: readonly XmlNode[] = [
    ['SubjectFromWebIdentityToken', identity.subject],
    ['Audience', identity.audience],
    [
      'AssumedRoleUser',
      [
        ['Arn', credential.principalArn],
        ['AssumedRoleId', `AROASANDBOXSANDBOXSA:${credential.sessionName}`],
      ],
    ],
    [
      'Credentials',
      [
        ['SessionToken', credential.sessionToken],
        ['SecretAccessKey', credential.secretAccessKey],
        ['Expiration', new Date(credential.expiresAt).toISOString().replace('.000Z', 'Z')],
        ['AccessKeyId', credential.accessKeyId],
      ],
    ],
    ['Provider', `arn:aws:iam::${credential.account}:oidc-provider/${provider}`],
    ...(assumed.packedPercent === 0 ? [] : [['PackedPolicySize', assumed.packedPercent] as const]),
  ]
  return writeXml(
    [
      'AssumeRoleWithWebIdentityResponse',
      [
        ['AssumeRoleWithWebIdentityResult', result],
        ['ResponseMetadata', [['RequestId', requestId]]],
      ],
    ],
    NAMESPACE,
  )
}

function errorDocument(problem: AwsFault, requestId: string): Buffer {
  return writeXml(
    [
      'ErrorResponse',
      [
        [
          'Error',
          [
            ['Type', 'Sender'],
            ['Code', problem.code],
            ['Message', problem.message],
          ],
        ],
        ['RequestId', requestId],
      ],
    ],
    NAMESPACE,
  )
}
