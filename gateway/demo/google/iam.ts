// IAM of the sandbox: predefined roles as the permissions that matter here ("BigQuery roles and
// permissions" in the documentation), and bindings of members to them on a project, a dataset or a
// service account.

import type { Principal } from './access-tokens.ts'

export type Permission =
  | 'bigquery.jobs.create'
  | 'bigquery.datasets.get'
  | 'bigquery.tables.list'
  | 'bigquery.tables.get'
  | 'bigquery.tables.getData'
  | 'bigquery.tables.export'
  | 'bigquery.tables.create'
  | 'bigquery.tables.updateData'
  | 'bigquery.tables.delete'
  | 'bigquery.routines.list'
  | 'bigquery.routines.get'
  | 'iam.serviceAccounts.getAccessToken'

const VIEWER: readonly Permission[] = [
  'bigquery.datasets.get',
  'bigquery.tables.list',
  'bigquery.tables.get',
  'bigquery.tables.getData',
  'bigquery.tables.export',
  'bigquery.routines.list',
  'bigquery.routines.get',
]

const ROLES: ReadonlyMap<string, ReadonlySet<Permission>> = new Map([
  ['roles/bigquery.dataViewer', new Set(VIEWER)],
  [
    'roles/bigquery.dataEditor',
    new Set<Permission>([
      ...VIEWER,
      'bigquery.tables.create',
      'bigquery.tables.updateData',
      'bigquery.tables.delete',
    ]),
  ],
  ['roles/bigquery.jobUser', new Set<Permission>(['bigquery.jobs.create'])],
  ['roles/iam.workloadIdentityUser', new Set<Permission>(['iam.serviceAccounts.getAccessToken'])],
])

export interface IamBinding {
  /** `projects/acme-data`, `projects/acme-data/datasets/sales` or a service account's address. */
  readonly resource: string
  readonly role: string
  /** `principal://…`, `principalSet://…` or `serviceAccount:…` */
  readonly members: readonly string[]
}

export class Iam {
  readonly #bindings: readonly IamBinding[]

  /** Throws TypeError for a role that the sandbox does not know. */
  constructor(bindings: readonly IamBinding[]) {
    const unknown = bindings.find(({ role }) => !ROLES.has(role))
    if (unknown !== undefined) throw new TypeError(`the sandbox has no role ${unknown.role}`)
    this.#bindings = bindings
  }

  /** What is granted on a project holds for its datasets. */
  isAllowed(principal: Principal, permission: Permission, resource: string): boolean {
    return this.#bindings.some(
      (binding) =>
        (resource === binding.resource || resource.startsWith(`${binding.resource}/`)) &&
        binding.members.some((member) => principal.members.has(member)) &&
        ROLES.get(binding.role)?.has(permission) === true,
    )
  }
}
