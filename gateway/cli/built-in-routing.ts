// What `facts` judges by without a configuration: a table in which every built-in service and region
// is there (docs/POLICY.md).

import { AWS_REGIONS } from '../routing/regions.ts'
import { SERVICES } from '../routing/services.ts'
import { compileRoutingTable, type RoutingTable } from '../routing/table.ts'

/** Of a request without a signature's scope: where botocore and AWS's global endpoints send it. */
const DEFAULT_AWS_REGION = 'us-east-1'

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
        defaultRegion: service.startsWith('aws_') ? DEFAULT_AWS_REGION : undefined,
      }
    }),
  })
}
