// Rules about routes: one way to each service, through regions that are listed.

import { GCP_LOCATIONS } from '../../routing/gcp-locations.ts'
import { AWS_REGIONS } from '../../routing/regions.ts'
import { nearest } from '../nearest.ts'
import { duplicatesBy } from './duplicates.ts'
import type { ConfigPath, Finding } from '../problem.ts'
import type { ConfigParts } from '../schema.ts'

const AWS_REGION = /^[a-z]{2,3}(-[a-z]+){1,3}-\d{1,2}$/

type Route = NonNullable<ConfigParts['routes']>[number]

export function checkRoutes(parts: ConfigParts): Finding[] {
  const { routes } = parts
  if (routes === undefined) return []
  const twice = duplicatesBy(routes, (route) => route.service).map(({ index, key }): Finding => ({
    path: ['routes', index, 'service'],
    message: `a second route for ${key}`,
    hint: 'One route per service; list its regions.',
  }))
  const regions = routes.flatMap((route, index) => checkRegions(route, ['routes', index]))
  return [...twice, ...regions, ...checkPairs(parts, routes)]
}

function checkRegions(route: Route, path: ConfigPath): Finding[] {
  const findings = duplicatesBy(route.regions, (region) => region).map(
    ({ index, key }): Finding => ({
      path: [...path, 'regions', index],
      message: `${key} is listed twice`,
      hint: 'Once is enough.',
    }),
  )
  findings.push(...checkKnown(route, path))
  if (route.upstream.includes('{region}') && route.regions.length === 0) {
    findings.push({
      path: [...path, 'upstream'],
      message: '`{region}` needs the list of allowed regions',
      hint: 'Add `regions: [eu-west-1]`.',
    })
  }
  if (route.region !== undefined && !route.regions.includes(route.region)) {
    findings.push({
      path: [...path, 'region'],
      message: `the default region ${route.region} is not among \`regions\``,
      hint: 'Add it to `regions`, or choose one of them.',
    })
  }
  return findings
}

/**
 * A region of another cloud can be in no request. Google's locations are listed; AWS has regions
 * that are in no public list, so their form has to do.
 */
function checkKnown(route: Route, path: ConfigPath): Finding[] {
  const isGoogle = route.service.startsWith('gcp_')
  return route.regions.flatMap((region, index): Finding[] => {
    if (isGoogle ? GCP_LOCATIONS.has(region) : AWS_REGION.test(region)) return []
    const guess = nearest(region, isGoogle ? GCP_LOCATIONS : AWS_REGIONS)
    return [
      {
        path: [...path, 'regions', index],
        message: `${region} is no ${isGoogle ? 'location of Google Cloud that is known here' : 'region of AWS'}`,
        hint: guess === undefined ? 'Check its name.' : `Did you mean \`${guess}\`?`,
      },
    ]
  })
}

/** A binding without a route, and a route without a binding, can only ever refuse. */
function checkPairs({ bindings }: ConfigParts, routes: readonly Route[]): Finding[] {
  if (bindings === undefined) return []
  const routed = new Set(routes.map((route) => route.service))
  const bound = new Set(bindings.map((binding) => binding.service))
  const findings: Finding[] = []
  bindings.forEach((binding, index) => {
    if (routed.has(binding.service)) return
    findings.push({
      path: ['bindings', index, 'service'],
      message: `no route leads to ${binding.service}`,
      hint: 'Add one to `routes`.',
    })
  })
  routes.forEach((route, index) => {
    if (bound.has(route.service)) return
    findings.push({
      path: ['routes', index, 'service'],
      message: `no binding is for ${route.service}: every request will be refused`,
      hint: 'Add one to `bindings`.',
      severity: 'warning',
    })
  })
  return findings
}
