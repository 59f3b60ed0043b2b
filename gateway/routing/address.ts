// Which service a request addresses (docs/ARCHITECTURE.md): the Host decides first, then a path
// prefix, matched on raw bytes. Whatever could be read in two ways is refused.

import { refusal, type FactCode, type Refusal, type RequestCode } from '../errors.ts'
import { headerValue, type GatewayRequest } from '../request/gateway-request.ts'
import { err, ok, type Result } from '../util/result.ts'
import { readAwsScope } from './aws-scope.ts'
import type { ServiceId } from './services.ts'
import type { RoutingTable } from './table.ts'

export interface Address {
  readonly service: ServiceId
  /** Raw bytes behind the prefix, starting with `/`. */
  readonly path: string
  readonly bucket: string | undefined
}

type Addressed = Result<Address, Refusal<FactCode | RequestCode>>

// Amazon S3 general purpose bucket naming rules, as far as they decide where a name may stand.
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/

export function findAddress(request: GatewayRequest, table: RoutingTable): Addressed {
  const { host } = request
  for (const base of table.baseHosts) {
    if (host === base) return byPrefix(request, table)
    if (!host.endsWith(`.${base}`)) continue
    const labels = host.slice(0, host.length - base.length - 1)
    const last = labels.slice(labels.lastIndexOf('.') + 1)
    const service = table.labels.get(last)
    if (service !== undefined) return byServiceHost(labels, service, request.path, table)
    return byBucketHost(labels, request, table)
  }
  return unknown('the host is none of this gateway', 'RT-1')
}

/** `s3.gw`, `bucket.s3.gw`: the whole path is the service's own. */
function byServiceHost(
  labels: string,
  service: ServiceId,
  path: string,
  table: RoutingTable,
): Addressed {
  if (prefixOf(path, table) !== undefined) {
    return ambiguous('a service host together with the prefix of a service', 'RT-2')
  }
  if (labels === service.id) return ok({ service, path, bucket: undefined })
  const bucket = labels.slice(0, labels.length - service.id.length - 1)
  if (service.id !== 's3') return unknown('this service takes no label before its id', 'RT-3')
  if (table.labels.has(bucket)) {
    return ambiguous('a service id where a bucket could stand', 'RT-4')
  }
  if (!BUCKET.test(bucket)) return unknown('the label before s3 is not a bucket name', 'RT-5')
  return ok({ service, path, bucket })
}

/** `<bucket>.<base host>` with the prefix `/aws/s3`: what JS and Go send for path-less endpoints. */
function byBucketHost(labels: string, request: GatewayRequest, table: RoutingTable): Addressed {
  const address = byPrefix(request, table)
  if (!address.ok) return address
  if (address.value.service.id !== 's3' || address.value.service.provider !== 'aws') {
    return unknown('only S3 takes a bucket before the base host', 'RT-6')
  }
  if (!BUCKET.test(labels)) return unknown('the label before the host is not a bucket name', 'RT-5')
  return ok({ ...address.value, bucket: labels })
}

function byPrefix(request: GatewayRequest, table: RoutingTable): Addressed {
  const { path } = request
  const found = prefixOf(path, table)
  if (found !== undefined) return ok(found)
  if (path === '/aws' || path.startsWith('/aws/')) return byScope(request, table)
  return unknown('the path names no service; it starts with /<provider>/<service id>', 'RT-7')
}

function prefixOf(path: string, table: RoutingTable): Address | undefined {
  const provider = path.indexOf('/', 1)
  if (provider === -1) return undefined
  const slash = path.indexOf('/', provider + 1)
  const end = slash === -1 ? path.length : slash
  const service = table.prefixes.get(path.slice(1, end))
  if (service === undefined) return undefined
  return { service, path: slash === -1 ? '/' : path.slice(slash), bucket: undefined }
}

/** `AWS_ENDPOINT_URL=https://gw/aws`: only the signature's scope can say which service is meant. */
function byScope({ path, headers }: GatewayRequest, table: RoutingTable): Addressed {
  const scope = readAwsScope(headerValue(headers, 'authorization'))
  if (!scope.ok) return scope
  const service = scope.value?.service === 's3' ? table.prefixes.get('aws/s3') : undefined
  if (service === undefined) {
    const detail =
      'the endpoint has no service in it and the signature does not settle it; set AWS_ENDPOINT_URL_<SERVICE>=https://<gateway>/aws/<service id>'
    return ambiguous(detail, 'RT-8')
  }
  return ok({ service, path: path === '/aws' ? '/' : path.slice(4), bucket: undefined })
}

function unknown(detail: string, rule: string): Addressed {
  return err(refusal('ERR_SG_ROUTE_UNKNOWN', detail, rule))
}

function ambiguous(detail: string, rule: string): Addressed {
  return err(refusal('ERR_SG_OPERATION_AMBIGUOUS', detail, rule))
}
