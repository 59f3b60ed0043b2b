// Station 3: GatewayRequest → Route. The upstream comes from the operator's table alone; text of
// the client only selects in it. The only maker of Route.

import { refusal, type FactCode, type Refusal, type RequestCode } from '../errors.ts'
import { headerValue, type GatewayRequest } from '../request/gateway-request.ts'
import { err, ok, type Result } from '../util/result.ts'
import { findAddress } from './address.ts'
import { readAwsScope, type AwsScope } from './aws-scope.ts'
import { GCP_LOCATIONS } from './gcp-locations.ts'
import { AWS_REGIONS } from './regions.ts'
import { makeRoute, type Route, type UpstreamTarget } from './route.ts'
import type { ServiceId } from './services.ts'
import type { CompiledRoute, RoutingTable } from './table.ts'

export type RouteRefusal = Refusal<FactCode | RequestCode>

interface Place {
  readonly region: string | undefined
  readonly upstream: UpstreamTarget
  readonly locations: ReadonlySet<string> | undefined
}

export function matchRoute(
  request: GatewayRequest,
  table: RoutingTable,
): Result<Route, RouteRefusal> {
  const address = findAddress(request, table)
  if (!address.ok) return address
  const { service, path, bucket } = address.value
  const compiled = table.routes.get(service.service)
  const place =
    service.provider === 'gcp'
      ? googlePlace(request, compiled, service)
      : scopedPlace(request, compiled, service)
  if (!place.ok) return place
  const { region, upstream, locations } = place.value
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
      locations,
      upstream,
    }),
  )
}

/** By the scope of the signature. Only an AWS address is read for one. */
function scopedPlace(
  request: GatewayRequest,
  route: CompiledRoute | undefined,
  service: ServiceId,
): Result<Place, RouteRefusal> {
  const isAws = service.provider === 'aws'
  const read = readAwsScope(isAws ? headerValue(request.headers, 'authorization') : undefined)
  if (!read.ok) return read
  const scope = read.value
  if (scope !== undefined && service.signingName !== scope.service) {
    const detail = `the signature is for ${scope.service}, the address for ${service.id}`
    return err(refusal('ERR_SG_OPERATION_AMBIGUOUS', detail, 'RT-9'))
  }
  if (route === undefined) return noRoute(service)
  const region = pickRegion(route, scope)
  const upstream = region === undefined ? undefined : route.upstreams.get(region)
  return upstream === undefined ? notServed() : ok({ region, upstream, locations: undefined })
}

/** The region of the scope where the route serves it, else the route's default. */
function pickRegion(route: CompiledRoute, scope: AwsScope | undefined): string | undefined {
  if (scope !== undefined && AWS_REGIONS.has(scope.region) && route.upstreams.has(scope.region)) {
    return scope.region
  }
  return route.options.defaultRegion
}

/**
 * By the request's own `location`, where it stands in the query; one in a body is judged with the
 * facts. An Authorization is a placeholder of the client's library, and is not read.
 */
function googlePlace(
  request: GatewayRequest,
  route: CompiledRoute | undefined,
  service: ServiceId,
): Result<Place, RouteRefusal> {
  if (request.overridesMethod === true) {
    // Google obeys it: what was judged as a POST would be done as a DELETE.
    const detail = 'X-HTTP-Method-Override asks for a second method; send that method itself'
    return err(refusal('ERR_SG_REQUEST_HEADERS', detail, 'RT-12'))
  }
  if (route === undefined) return noRoute(service)
  const named = request.query.filter(({ name }) => name === 'location')
  if (named.length > 1) {
    const detail = 'the parameter location stands twice'
    return err(refusal('ERR_SG_OPERATION_AMBIGUOUS', detail, 'RT-13'))
  }
  const location = named[0]?.value?.toLowerCase()
  const { regions: locations, everywhere } = route
  if (location !== undefined && locations?.has(location) === false) return notServed()
  const region = location ?? route.options.defaultRegion
  if (everywhere !== undefined) return ok({ region, upstream: everywhere, locations })
  if (region === undefined || !GCP_LOCATIONS.has(region)) return notServed()
  const upstream = route.upstreams.get(region)
  if (upstream === undefined) return notServed()
  // The host is of that region: what names a location later on can name no other.
  return ok({ region, upstream, locations: new Set([region]) })
}

function noRoute(service: ServiceId): Result<never, RouteRefusal> {
  const detail = `the operator has set no route for ${service.service}`
  return err(refusal('ERR_SG_ROUTE_UNKNOWN', detail, 'RT-10'))
}

function notServed(): Result<never, RouteRefusal> {
  const detail = 'the region is not served, and the route has no default region'
  return err(refusal('ERR_SG_REGION_REFUSED', detail, 'RT-11'))
}
