// What `facts` judges by without a configuration: a table in which every built-in service and region
// is there (contract §8).

import { AWS_REGIONS } from '../routing/regions.ts'
import { SERVICES } from '../routing/services.ts'
import { compileRoutingTable, type RoutingTable } from '../routing/table.ts'

export function builtInRouting(): RoutingTable {
  const services = new Set(SERVICES.map(({ service }) => service))
  return compileRoutingTable({
    baseHosts: ['gw.test', 'localhost'],
    routes: [...services].map((service) => {
      const host = service.replace(/^[a-z]+_/, '')
      const isGlobal = service.startsWith('gcp_')
      return {
        service,
        upstream: isGlobal ? `https://${host}.invalid` : `https://${host}.{region}.invalid`,
        regions: isGlobal ? [] : [...AWS_REGIONS],
        defaultRegion: undefined,
      }
    }),
  })
}
