// The routing table, compiled once a generation from the operator's settings.

import type { UpstreamTarget } from './route.ts'
import type { ServiceId } from './services.ts'
import { SERVICES } from './services.ts'

export interface RouteOptions {
  /** `aws_s3` */
  readonly service: string
  /** Origin, may hold `{region}`: `https://s3.{region}.amazonaws.com`. */
  readonly upstream: string
  /** Regions that this route serves. */
  readonly regions: readonly string[]
  /** The region of a request that names none, or none that is served. */
  readonly defaultRegion: string | undefined
}

export interface RoutingOptions {
  readonly baseHosts: readonly string[]
  /** `<id>.<base host>` names a service (docs/ARCHITECTURE.md). */
  readonly routes: readonly RouteOptions[]
}

export interface CompiledRoute {
  readonly options: RouteOptions
  /** Where requests go, by region: those that the route serves, and its default. */
  readonly upstreams: ReadonlyMap<string, UpstreamTarget>
  /** Where all requests go, whatever their region; undefined where the host holds `{region}`. */
  readonly everywhere: UpstreamTarget | undefined
  /** `regions` as a set; undefined where none is listed. */
  readonly regions: ReadonlySet<string> | undefined
}

export interface RoutingTable {
  /** Longest first, so that the most specific base host is found. */
  readonly baseHosts: readonly string[]
  /** Keyed by `<provider>/<id>`. */
  readonly prefixes: ReadonlyMap<string, ServiceId>
  /** Keyed by the id as a host label. */
  readonly labels: ReadonlyMap<string, ServiceId>
  readonly routes: ReadonlyMap<string, CompiledRoute>
}

export function compileRoutingTable(options: RoutingOptions): RoutingTable {
  const routes = new Map<string, CompiledRoute>()
  for (const route of options.routes) {
    if (routes.has(route.service)) throw new TypeError(`two routes for ${route.service}`)
    routes.set(route.service, compileRoute(route))
  }
  return {
    baseHosts: options.baseHosts
      .map((host) => host.toLowerCase())
      .sort((a, b) => b.length - a.length),
    prefixes: new Map(SERVICES.map((entry) => [`${entry.provider}/${entry.id}`, entry])),
    labels: new Map(SERVICES.map((entry) => [entry.id, entry])),
    routes,
  }
}

function compileRoute(route: RouteOptions): CompiledRoute {
  return {
    options: route,
    upstreams: upstreamsOf(route),
    everywhere: route.upstream.includes('{region}') ? undefined : upstreamOf(route, ''),
    regions: route.regions.length === 0 ? undefined : new Set(route.regions),
  }
}

function upstreamsOf(route: RouteOptions): ReadonlyMap<string, UpstreamTarget> {
  const { regions, defaultRegion } = route
  const all = defaultRegion === undefined ? regions : [...regions, defaultRegion]
  return new Map(all.map((region) => [region, upstreamOf(route, region)]))
}

function upstreamOf(route: RouteOptions, region: string): UpstreamTarget {
  const origin = route.upstream.replaceAll('{region}', region)
  const authority = origin.slice(origin.indexOf('://') + 3)
  const suffix = origin.startsWith('https://') ? ':443' : ':80'
  return Object.freeze({
    name: route.service,
    origin,
    authority: authority.endsWith(suffix) ? authority.slice(0, -suffix.length) : authority,
  })
}
