// `credentials`, `bindings`, `routes`, `egress`: with what, for whom, and where to.

import { z } from 'zod'
import { ISSUER_ALGORITHMS } from '../../issuer/algorithms.ts'
import { DEFAULTS } from '../defaults.ts'
import {
  awsRegion,
  cloudRegion,
  duration,
  filePath,
  hostName,
  hot,
  name,
  origin,
  textLike,
  trustDomain,
} from './fields.ts'

/** `{tenant}`, `{agent}`, `{role}` are filled from the validated SPIFFE ID, never from a request. */
const roleArn = textLike(
  /^arn:aws(-[a-z]+)*:iam::\d{12}:role\/([\w+=,.@/-]|\{(tenant|agent|role)\}){1,512}$/,
  'a role ARN such as arn:aws:iam::123456789012:role/agents-{role}',
)

const tokenAlgorithm = z.enum(ISSUER_ALGORITHMS).prefault('RS256')
const TOKEN_ALGORITHM = 'How the token is signed; `ES256` where `issuer.algorithms` lists it.'

/** Session tags: what IAM takes as a key and, with placeholders, as a value (IAM, session tags). */
const tagKey = textLike(
  /^(?![aA][wW][sS]:)[A-Za-z0-9 _.:/=+@-]{1,128}$/,
  'a tag key of letters, digits, spaces and _ . : / = + @ -, not beginning with aws:',
)
const tagValue = textLike(
  /^([A-Za-z0-9 _.:/=+@-]|\{(tenant|agent|role)\}){0,256}$/,
  'a tag value, which may hold {tenant}, {agent}, {role}',
)

const foreignDomains = z.array(trustDomain).max(64).prefault([])

const ownRoots = z.strictObject({
  ca: hot(filePath, 'PEM. Replaces the public roots for this host.'),
})

const awsWebIdentity = z.strictObject({
  kind: hot(z.literal('aws-web-identity'), 'STS AssumeRoleWithWebIdentity with our own token.'),
  roleArn: hot(roleArn, 'The role to assume; may hold {tenant}, {agent}, {role}.'),
  region: hot(awsRegion, 'The region of STS.'),
  duration: hot(
    duration(DEFAULTS.sessionDuration).prefault(DEFAULTS.sessionDuration.value),
    'Lifetime of a session; not above the role’s maximum.',
  ),
  sessionPolicy: hot(
    z.enum(['derive', 'decision', 'none']).prefault('derive'),
    'How a session is narrowed: `derive` from the operation, `decision`: the policy must give it, `none`: the role alone.',
  ),
  subject: hot(
    z.enum(['spiffe-id', 'role']).prefault('spiffe-id'),
    'The token’s `sub`: the SPIFFE ID, or `<trust domain>/<tenant>/<role>`.',
  ),
  endpoint: hot(
    origin({ region: false }).optional(),
    'Another STS origin, e.g. a PrivateLink endpoint. Default: STS of the region.',
  ),
  tls: hot(ownRoots.optional(), 'How the token endpoint proves itself.'),
  audience: hot(
    textLike(/^[\x21-\x7e]{1,255}$/, 'an audience such as sts.amazonaws.com').prefault(
      'sts.amazonaws.com',
    ),
    'The token’s `aud`. No audience may appear at two token endpoints.',
  ),
  tokenAlgorithm: hot(tokenAlgorithm, TOKEN_ALGORITHM),
  sessionTags: hot(
    z.record(tagKey, tagValue).prefault({}),
    'Session tags, for policies by attribute; values may hold {tenant}, {agent}, {role}.',
  ),
  transitiveTags: hot(
    z.array(tagKey).max(50).prefault([]),
    'Which of them stay when the session assumes another role.',
  ),
  sourceIdentity: hot(
    textLike(
      /^([\w+=,.@-]|\{(tenant|agent|role)\}){1,256}$/,
      'a source identity such as {tenant}@{agent}@{role}',
    ).optional(),
    'What CloudTrail shows of every call, in every role that follows; may hold {tenant}, {agent}, {role}.',
  ),
  trustDomains: hot(foreignDomains, 'Foreign trust domains whose agents may get this credential.'),
})

const gcpProvider = textLike(
  /^(\/\/iam\.[a-z0-9.-]+\/)?projects\/\d{1,20}\/locations\/global\/workloadIdentityPools\/[a-z0-9-]{4,32}\/providers\/[a-z0-9-]{4,32}$/,
  'projects/<project number>/locations/global/workloadIdentityPools/<pool>/providers/<provider>',
)

const serviceAccount = textLike(
  /^([a-z0-9-]|\{(tenant|agent|role)\}){1,63}@([a-z0-9.-]|\{(tenant|agent|role)\}){1,200}\.gserviceaccount\.com$/,
  'a service account such as agents-{role}@my-project.iam.gserviceaccount.com',
)

const gcpWorkloadIdentity = z.strictObject({
  kind: hot(
    z.literal('gcp-workload-identity'),
    'Google’s Security Token Service with our own token: Workload Identity Federation.',
  ),
  provider: hot(
    gcpProvider,
    'The workload identity pool provider; by the project’s number, not its id.',
  ),
  scopes: hot(
    z
      .array(textLike(/^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/, 'an OAuth scope'))
      .min(1)
      .max(16),
    'OAuth scopes of the token that goes to the cloud.',
  ),
  serviceAccount: hot(
    serviceAccount.optional(),
    'Impersonates this service account; may hold {tenant}, {agent}, {role}. Default: direct access, in which the cloud’s logs and jobs name the agent.',
  ),
  lifetime: hot(
    duration(DEFAULTS.impersonationLifetime).prefault(DEFAULTS.impersonationLifetime.value),
    'Lifetime of an impersonated token. Without `serviceAccount` Google sets it: an hour.',
  ),
  sessionPolicy: hot(
    textLike(
      /^none$/,
      'none, because Google has no session policies: the roles of the principal are what bounds a token',
    ).prefault('none'),
    'Only `none`: Google has no session policies, so the principal’s roles alone bound a token.',
  ),
  subject: hot(
    z.enum(['spiffe-id', 'role']).prefault('spiffe-id'),
    'The token’s `sub`: the SPIFFE ID (beyond 127 bytes its digest, `spiffe-sha256:…`), or `<trust domain>/<tenant>/<role>`.',
  ),
  audience: hot(
    textLike(/^[\x21-\x7e]{1,256}$/, 'an audience that the provider allows').optional(),
    'The token’s `aud`. Default: the provider’s resource name, `//iam.googleapis.com/projects/…`. No audience may appear at two token endpoints.',
  ),
  universeDomain: hot(
    hostName.prefault('googleapis.com'),
    'Of the token endpoints, for clouds that Google’s partners run.',
  ),
  endpoint: hot(
    origin({ region: false }).optional(),
    'Another origin of the token service, e.g. a private endpoint. Default: `https://sts.<universeDomain>`.',
  ),
  impersonationEndpoint: hot(
    origin({ region: false }).optional(),
    'Another origin of generateAccessToken. Default: `https://iamcredentials.<universeDomain>`.',
  ),
  tokenAlgorithm: hot(tokenAlgorithm, TOKEN_ALGORITHM),
  tls: hot(ownRoots.optional(), 'How both token endpoints prove themselves.'),
  trustDomains: hot(foreignDomains, 'Foreign trust domains whose agents may get this credential.'),
})

const none = z.strictObject({
  kind: hot(z.literal('none'), 'Sends no credential, but is bound and chosen like any other.'),
  hosts: hot(z.array(hostName).min(1).max(100), 'The hosts that requests may go to without one.'),
  trustDomains: hot(foreignDomains, 'Foreign trust domains whose agents may use it.'),
})

export const credentials = z
  .record(name, z.discriminatedUnion('kind', [awsWebIdentity, gcpWorkloadIdentity, none]))
  .prefault({})

/** The services whose facts this version knows. */
export const SERVICES = ['aws_s3', 'gcp_bigquery'] as const
const service = z.enum(SERVICES)

const binding = z.strictObject({
  service: hot(service, 'The service that the binding is for.'),
  subject: hot(
    textLike(
      /^spiffe:\/\/[a-z0-9._-]{1,255}(\/(\*|[A-Za-z0-9._-]+))+$/,
      'a SPIFFE ID, in which * stands for one whole segment',
    ),
    'Which agents: a SPIFFE ID; `*` stands for exactly one path segment.',
  ),
  credentials: hot(
    z.array(name).min(1).max(16),
    'The candidates, first one default. A decision may choose among them only.',
  ),
})

const route = z.strictObject({
  service: hot(service, 'The service that the route is for.'),
  upstream: hot(
    origin({ region: true }),
    'Where requests go; `{region}` is filled from `regions`.',
  ),
  regions: hot(
    z.array(cloudRegion).max(64).prefault([]),
    'The regions (Google: locations) that requests may name. Google: none listed allows every one.',
  ),
  region: hot(
    cloudRegion.optional(),
    'For requests that name none. Default: the only one of `regions`.',
  ),
  tls: hot(ownRoots.optional(), 'How the upstream proves itself.'),
})

export const bindings = z.array(binding).max(10_000).prefault([])
export const routes = z.array(route).max(256).prefault([])

export const egress = z
  .strictObject({
    allowPrivate: hot(
      z.boolean().prefault(false),
      'Lets upstreams resolve to RFC 1918 and ULA addresses. Metadata addresses never.',
    ),
    unsafeAllowLoopback: hot(
      z.boolean().prefault(false),
      'Lets upstreams be on this machine, over http too. For demo and tests.',
    ),
  })
  .prefault({})
