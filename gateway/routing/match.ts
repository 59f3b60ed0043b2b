// Station 3: GatewayRequest → Route. The upstream comes from the operator's table alone; text of
// the client only selects in it. The only maker of Route.

import { refusal, type FactCode, type Refusal, type RequestCode } from '../errors.ts'
import { headerValue, type GatewayRequest } from '../request/gateway-request.ts'
import { err, ok, type Result } from '../util/result.ts'
import { findAddress } from './address.ts'
import { readAwsScope, type AwsScope } from './aws-scope.ts'
import { AWS_REGIONS } from './regions.ts'
import { makeRoute, type Route } from './route.ts'
import type { CompiledRoute, RoutingTable } from './table.ts'

export type RouteRefusal = Refusal<FactCode | RequestCode>

export function matchRoute(
  request: GatewayRequest,
  table: RoutingTable,
): Result<Route, RouteRefusal> {
  const read = readAwsScope(awsAuthorization(request))
  if (!read.ok) return read
  const scope = read.value
  const address = findAddress(request, table, scope)
  if (!address.ok) return address
  const { service, path, bucket } = address.value
  if (scope !== undefined && service.signingName !== scope.service) {
    const detail = `the signature is for ${scope.service}, the address for ${service.id}`
    return err(refusal('ERR_SG_OPERATION_AMBIGUOUS', detail, 'RT-9'))
  }
  const compiled = table.routes.get(service.service)
  if (compiled === undefined) {
    const detail = `the operator has set no route for ${service.service}`
    return err(refusal('ERR_SG_ROUTE_UNKNOWN', detail, 'RT-10'))
  }
  const region = pickRegion(compiled, scope)
  const upstream = region === undefined ? undefined : compiled.upstreams.get(region)
  if (upstream === undefined) {
    const detail = 'the region is not served, and the route has no default region'
    return err(refusal('ERR_SG_REGION_REFUSED', detail, 'RT-11'))
  }
  return ok(
    makeRoute({
      provider: service.provider,
      service: service.service,
      serviceId: service.id,
      dialect: service.dialect,
      signingName: service.signingName,
      path,
      bucket,
      region,
      upstream,
    }),
  )
}

/** Only an AWS address is read for a SigV4 scope: other clouds send bearer placeholders. */
function awsAuthorization(request: GatewayRequest): string | undefined {
  const authorization = headerValue(request.headers, 'authorization')
  if (authorization === undefined) return undefined
  const other = request.path.startsWith('/gcp/') || request.path.startsWith('/azure/')
  return other ? undefined : authorization
}

/** The region of the scope where the route serves it, else the route's default. */
function pickRegion(route: CompiledRoute, scope: AwsScope | undefined): string | undefined {
  if (scope !== undefined && AWS_REGIONS.has(scope.region) && route.upstreams.has(scope.region)) {
    return scope.region
  }
  return route.options.defaultRegion
}
