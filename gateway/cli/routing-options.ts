// The hostnames and routes that `facts` and `explain` judge by: those of a configuration, or a table
// in which every built-in service and region is there (contract §8).

import type { Config } from '../config/config.ts'
import { AWS_REGIONS } from '../routing/regions.ts'
import { SERVICES } from '../routing/services.ts'
import { compileRoutingTable, type RoutingTable } from '../routing/table.ts'

export function routingOf(config: Config): RoutingTable {
  return compileRoutingTable({
    baseHosts: config.listen.data.hostnames,
    routes: config.routes.map(({ service, upstream, regions, region }) => ({
      service,
      upstream,
      regions,
      defaultRegion: region,
    })),
  })
}

export function builtInRouting(): RoutingTable {
  const services = new Set(SERVICES.map(({ service }) => service))
  return compileRoutingTable({
    baseHosts: ['gw.test', 'localhost'],
    routes: [...services].map((service) => ({
      service,
      upstream: `https://${service.replace(/^[a-z]+_/, '')}.{region}.invalid`,
      regions: [...AWS_REGIONS],
      defaultRegion: undefined,
    })),
  })
}
