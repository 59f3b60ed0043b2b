// The bundles that the repository carries, and from what each is made. File names are part of a
// bundle's bytes, so they are listed, not found.

import type { BundleBuild } from '../gateway/authoring/bundle-build.ts'

export interface ListedBundle extends Omit<BundleBuild, 'root'> {
  /** Where it is committed. */
  readonly out: string
}

const CAPABILITIES = 'policies/capabilities.json'

/** The authors' grants and the data that they compile to, both committed. */
export const GRANTS = { source: 'policies/authz/grants.yaml', data: 'policies/svidgate/data.json' }

export const BUNDLES: readonly ListedBundle[] = [
  {
    out: 'bundles/authz.tar.gz',
    files: [
      'policies/authz/authz.rego',
      'policies/lib/grants.rego',
      'policies/lib/objects.rego',
      'policies/lib/sql.rego',
      'policies/lib/subjects.rego',
      `svidgate:${GRANTS.data}`,
    ],
    entrypoints: ['svidgate/authz/decision', 'svidgate/authz/explain'],
    capabilities: CAPABILITIES,
  },
  {
    out: 'bundles/hexr.tar.gz',
    files: ['policies/examples/hexr/authz.rego'],
    entrypoints: ['hexr/authz/allow'],
    capabilities: CAPABILITIES,
    v0Compatible: true,
  },
  {
    out: 'bench/policy/bundle.tar.gz',
    files: [
      'policies/authz/authz.rego',
      'policies/lib/grants.rego',
      'policies/lib/objects.rego',
      'policies/lib/sql.rego',
      'policies/lib/subjects.rego',
    ],
    grants: 'bench/policy/grants.yaml',
    entrypoints: ['svidgate/authz/decision', 'svidgate/authz/explain'],
    capabilities: CAPABILITIES,
  },
  {
    out: 'test/fixtures/bundles/hostile.tar.gz',
    files: ['test/fixtures/policy/hostile-data.json', 'test/fixtures/policy/hostile.rego'],
    entrypoints: [
      'hostile/array_set_subset',
      'hostile/clock',
      'hostile/conflict',
      'hostile/counted',
      'hostile/date',
      'hostile/echo',
      'hostile/host',
      'hostile/is_ready',
      'hostile/now',
      'hostile/pairs',
      'hostile/parsed',
      'hostile/prefixed',
      'hostile/revoked',
      'hostile/set_subset',
      'hostile/set_text',
      'hostile/subset',
      'hostile/suffixed',
      'hostile/walk',
      'hostile/weekday',
    ],
    capabilities: CAPABILITIES,
  },
  {
    out: 'test/fixtures/bundles/network.tar.gz',
    files: ['test/fixtures/policy/network.rego'],
    entrypoints: ['network/allow', 'network/id'],
    capabilities: 'test/fixtures/policy/network-capabilities.json',
  },
  {
    out: 'test/fixtures/bundles/odd.tar.gz',
    files: ['test/fixtures/policy/odd-data.json', 'test/fixtures/policy/odd.rego'],
    entrypoints: ['odd/decision'],
    capabilities: CAPABILITIES,
  },
  {
    out: 'test/fixtures/bundles/slow.tar.gz',
    files: ['test/fixtures/policy/slow.rego'],
    entrypoints: ['slow/allow'],
    capabilities: CAPABILITIES,
  },
  {
    out: 'test/fixtures/bundles/wide.tar.gz',
    files: [
      'policies/authz/authz.rego',
      'policies/lib/grants.rego',
      'policies/lib/objects.rego',
      'policies/lib/sql.rego',
      'policies/lib/subjects.rego',
    ],
    grants: 'test/fixtures/policy/wide-grants.yaml',
    entrypoints: ['svidgate/authz/decision', 'svidgate/authz/explain'],
    capabilities: CAPABILITIES,
  },
]
