// Everything that reached the sandbox cloud, well-formed or not, so that a test can prove that an
// upstream saw nothing. Secrets (authorization, session tokens, request bodies) are never kept.

const KEPT_REQUESTS = 10_000
const SECRET_HEADERS = new Set(['authorization', 'x-amz-security-token', 'cookie'])

export type SandboxService = 'sts' | 's3'

export interface SandboxRequest {
  readonly service: SandboxService
  readonly method: string
  /** The raw request target. */
  readonly target: string
  /** In wire order, without those that carry a secret. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** `s3.PutObject`, as the sandbox itself understood it. */
  operation: string | undefined
  /** `arn:aws:sts::…:assumed-role/<role>/<session>` once the caller is known. */
  principal: string | undefined
  verdict: 'pending' | 'accepted' | 'refused'
  status: number | undefined
  /** The error code of the answer. */
  code: string | undefined
  /** Body bytes that arrived, after the transfer coding was removed. */
  bytesIn: number
}

export interface SandboxTraffic {
  /** The latest 10,000, oldest first. */
  readonly requests: readonly SandboxRequest[]
  /** TCP connections ever accepted, those without a request included. */
  readonly connections: Readonly<Record<SandboxService, number>>
}

export class RequestLog implements SandboxTraffic {
  readonly requests: SandboxRequest[] = []
  readonly connections = { sts: 0, s3: 0 }

  begin(
    service: SandboxService,
    method: string,
    target: string,
    headers: SandboxRequest['headers'],
  ): SandboxRequest {
    const request: SandboxRequest = {
      service,
      method,
      target,
      headers: headers.filter(([name]) => !SECRET_HEADERS.has(name.toLowerCase())),
      operation: undefined,
      principal: undefined,
      verdict: 'pending',
      status: undefined,
      code: undefined,
      bytesIn: 0,
    }
    this.requests.push(request)
    if (this.requests.length > KEPT_REQUESTS) this.requests.shift()
    return request
  }
}
