// Everything that reached the sandbox clouds, well-formed or not, so that a test can prove that an
// upstream saw nothing, or which issued credential it saw. Secrets (authorization, session tokens,
// request bodies) are never kept: only the names under which they were issued.

import { IssuedSecrets } from './issued-secrets.ts'
import type { IssuedSecret } from './issued-secrets.ts'
import type { SandboxService } from './service.ts'

const KEPT_REQUESTS = 10_000
const SECRET_HEADERS = new Set(['authorization', 'x-amz-security-token', 'cookie'])

export interface SandboxRequest {
  readonly service: SandboxService
  readonly method: string
  /** The raw request target. */
  readonly target: string
  /** In wire order, without those that carry a secret. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** The issued secrets that its target or any header carried. */
  readonly carries: readonly IssuedSecret[]
  /** `s3.PutObject`, `bigquery.jobs.query`, as the sandbox itself understood it. */
  operation: string | undefined
  /** BigQuery: asked what a query would do, and nothing was run. */
  isDryRun: boolean
  /** The caller's full name in its cloud, once it is known. */
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
  readonly connections = { sts: 0, s3: 0, 'google-sts': 0, iamcredentials: 0, bigquery: 0 }
  readonly secrets = new IssuedSecrets()

  begin(
    service: SandboxService,
    method: string,
    target: string,
    headers: SandboxRequest['headers'],
  ): SandboxRequest {
    const texts = [target, ...headers.map(([, value]) => value)]
    const request: SandboxRequest = {
      service,
      method,
      target,
      headers: headers.filter(([name]) => !SECRET_HEADERS.has(name.toLowerCase())),
      carries: this.secrets.findIn(texts.join('\n')),
      operation: undefined,
      isDryRun: false,
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
