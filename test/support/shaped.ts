// Ready values of the stations before signing, each field replaceable.

import type { AwsCredential, GcpCredential } from '../../gateway/credential/credential.ts'
import { makeFacts } from '../../gateway/facts/facts.ts'
import { makeGatewayRequest, type Method } from '../../gateway/request/gateway-request.ts'
import type { Framing, HeaderLine } from '../../gateway/request/message.ts'
import { makeRoute, type Provider } from '../../gateway/routing/route.ts'
import { makeAllowedRequest } from '../../gateway/shape/allowed-request.ts'
import { makeShapedRequest, type ShapedRequest } from '../../gateway/shape/shaped-request.ts'
import { Secret } from '../../gateway/util/secret.ts'
import { peer } from './peers.ts'

export interface ShapedOptions {
  method?: Method
  path?: string
  query?: string
  headers?: readonly HeaderLine[]
  contentSha256?: string
  authority?: string
  provider?: Provider
  credential?: string
  framing?: Framing
  body?: Buffer
  spiffeId?: string
}

export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

export function shapedRequest(options: ShapedOptions = {}): ShapedRequest {
  const method = options.method ?? 'GET'
  const path = options.path ?? '/reports/2026/q1.csv'
  const authority = options.authority ?? 's3.eu-west-1.amazonaws.com'
  const upstream = { name: 'aws_s3', origin: `https://${authority}`, authority }
  const framing = options.framing ?? { kind: 'none' }
  const allowed = makeAllowedRequest({
    peer: peer(options.spiffeId === undefined ? {} : { spiffeId: options.spiffeId }),
    request: makeGatewayRequest({
      id: '00000000-0000-4000-8000-000000000000',
      method,
      host: 'gw.test',
      port: undefined,
      path: `/aws/s3${path}`,
      query: [],
      headers: new Map(),
      framing,
      expectsContinue: false,
    }),
    route: makeRoute({
      provider: options.provider ?? 'aws',
      service: 'aws_s3',
      serviceId: 's3',
      dialect: 's3',
      signingName: 's3',
      path,
      bucket: undefined,
      region: 'eu-west-1',
      upstream,
    }),
    facts: makeFacts({
      service: 'aws_s3',
      action: 'GetObject',
      operation: {
        provider: 'aws',
        service: 's3',
        name: 's3.GetObject',
        access: 'read',
        complete: true,
        pending: [],
        permissions: [],
      },
      targets: [],
      account: undefined,
      region: 'eu-west-1',
      payloadMode: 'none',
    }),
    decision: {
      kind: 'allow',
      reasons: [],
      credential: undefined,
      obligations: {},
      alternatives: [],
    },
    credential: options.credential ?? 'aws-data',
    body: undefined,
  })
  return makeShapedRequest({
    allowed,
    upstream,
    method,
    path,
    query: options.query ?? '',
    headers: options.headers ?? [],
    framing,
    payload: { mode: 'none', contentSha256: options.contentSha256 ?? EMPTY_SHA256 },
    body: options.body,
    sessionPolicy: undefined,
  })
}

export function awsCredential(fields: Partial<AwsCredential> = {}): AwsCredential {
  return Object.freeze({
    kind: 'aws-web-identity',
    provider: 'aws',
    name: 'aws-data',
    accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
    secretAccessKey: new Secret('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'),
    sessionToken: new Secret('AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTw=='),
    expiresAt: Date.UTC(2100, 0),
    session: 'writer-0123456789abcdef',
    ...fields,
  })
}

export function gcpCredential(fields: Partial<GcpCredential> = {}): GcpCredential {
  return Object.freeze({
    kind: 'gcp-workload-identity',
    provider: 'gcp',
    name: 'gcp-data',
    accessToken: new Secret(`ya29.d.${'b0Aa3kW-zPq7_Xn5'.repeat(20)}`),
    expiresAt: Date.UTC(2100, 0),
    session: 'spiffe://example.org/agent/acme/data-crew/writer',
    ...fields,
  })
}
