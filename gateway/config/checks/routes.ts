// Rules about routes: one way to each service, through regions that are listed.

import { duplicatesBy } from './duplicates.ts'
import type { ConfigPath, Finding } from '../problem.ts'
import type { ConfigParts } from '../schema.ts'

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
