// What the discovery document does not say of a method, by hand: its access class, the IAM
// permissions that it needs on what it names (BigQuery documentation, "IAM roles and permissions"),
// and whether the path shows all that it touches. A method of the model without a row here stops
// the build's tests, and the process at start.

import type { Access } from '../../facts.ts'

export interface MethodRule {
  /** The least that it has: a parameter or the body of a job can raise it. */
  readonly access: Access
  /** Without `bigquery.`, on the target. */
  readonly permissions: readonly string[]
  /**
   * The body, which is not read, can name more than the path: a view's tables, an external table's
   * files, a routine's connection. The facts are then incomplete.
   */
  readonly unread?: true
  /** Parameters that the document does not list and clients send all the same. */
  readonly alsoQuery?: readonly string[]
}

function rule(access: Access, ...permissions: string[]): MethodRule {
  return { access, permissions }
}

function unread(access: Access, ...permissions: string[]): MethodRule {
  return { access, permissions, unread: true }
}

// `permissions` is every method whose body can change who may see what: a dataset's body holds its
// access list, a table's schema holds policy tags, and row access policies are nothing else.
export const METHOD_RULES: Readonly<Record<string, MethodRule>> = {
  'datasets.delete': rule('write', 'datasets.delete'),
  'datasets.get': rule('read', 'datasets.get'),
  'datasets.insert': unread('permissions', 'datasets.create'),
  'datasets.list': rule('list', 'datasets.get'),
  'datasets.patch': unread('permissions', 'datasets.get', 'datasets.update'),
  'datasets.undelete': rule('write', 'datasets.create', 'datasets.get'),
  'datasets.update': unread('permissions', 'datasets.get', 'datasets.update'),
  // The client library of Python sends `projection` with every call about a job.
  'jobs.cancel': { ...rule('write', 'jobs.update'), alsoQuery: ['projection'] },
  'jobs.delete': rule('write', 'jobs.delete'),
  'jobs.get': { ...rule('read', 'jobs.get'), alsoQuery: ['projection'] },
  'jobs.getQueryResults': rule('read', 'jobs.get'),
  'jobs.insert': rule('read', 'jobs.create'),
  'jobs.list': rule('list', 'jobs.list'),
  'jobs.query': rule('read', 'jobs.create'),
  'models.delete': rule('write', 'models.delete'),
  'models.get': rule('read', 'models.getMetadata'),
  'models.list': rule('list', 'models.list'),
  'models.patch': unread('write', 'models.updateMetadata'),
  'projects.getServiceAccount': rule('read'),
  'projects.list': rule('list'),
  'routines.delete': rule('write', 'routines.delete'),
  'routines.get': rule('read', 'routines.get'),
  'routines.getIamPolicy': rule('read', 'routines.getIamPolicy'),
  'routines.insert': unread('write', 'routines.create'),
  'routines.list': rule('list', 'routines.list'),
  'routines.setIamPolicy': rule('permissions', 'routines.setIamPolicy'),
  'routines.testIamPermissions': rule('read'),
  'routines.update': unread('write', 'routines.update'),
  'rowAccessPolicies.batchDelete': rule('permissions', 'rowAccessPolicies.delete'),
  'rowAccessPolicies.delete': rule('permissions', 'rowAccessPolicies.delete'),
  'rowAccessPolicies.get': rule('read', 'rowAccessPolicies.get'),
  'rowAccessPolicies.getIamPolicy': rule('read', 'rowAccessPolicies.getIamPolicy'),
  'rowAccessPolicies.insert': rule('permissions', 'rowAccessPolicies.create'),
  'rowAccessPolicies.list': rule('list', 'rowAccessPolicies.list'),
  'rowAccessPolicies.testIamPermissions': rule('read'),
  'rowAccessPolicies.update': rule('permissions', 'rowAccessPolicies.update'),
  // `templateSuffix` in the body makes it write to another table than the path's.
  'tabledata.insertAll': unread('write', 'tables.updateData'),
  'tabledata.list': rule('read', 'tables.getData'),
  'tables.delete': rule('write', 'tables.delete'),
  'tables.get': rule('read', 'tables.get'),
  'tables.getIamPolicy': rule('read', 'tables.getIamPolicy'),
  'tables.insert': unread('permissions', 'tables.create'),
  'tables.list': rule('list', 'tables.list'),
  'tables.patch': unread('permissions', 'tables.update'),
  'tables.setIamPolicy': rule('permissions', 'tables.setIamPolicy'),
  'tables.testIamPermissions': rule('read'),
  'tables.update': unread('permissions', 'tables.update'),
}

/** Methods whose body is the job: read whole, judged, and written anew. */
export const JOB_METHODS: ReadonlySet<string> = new Set(['jobs.query', 'jobs.insert'])
