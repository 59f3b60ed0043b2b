// Targets as policy names them (docs/POLICY.md): the parts, the full name with dots, and container and
// path, which are the same two words for every cloud. Names of permissions' resources are IAM's.

import type { Access, Permission, Target } from '../../facts.ts'
import type { RoutineReference, TableReference } from '../../lookups.ts'
import type { ModelReference, StorageObject } from './transfer-job.ts'

export function accountTarget(access: Access, project: string | undefined): Target {
  if (project === undefined) {
    return { type: 'account', access, name: 'projects', container: '', path: '' }
  }
  return { type: 'account', access, ...inProject(project), path: '' }
}

export function queryTarget(access: Access, project: string): Target {
  return { type: 'query', access, ...inProject(project), path: '' }
}

export function jobTarget(access: Access, project: string, job: string, own: boolean): Target {
  const name = `projects/${project}/jobs/${job}`
  return { type: 'job', access, name, container: project, path: job, project, job, own }
}

export function datasetTarget(access: Access, project: string, dataset: string): Target {
  const name = `${project}.${dataset}`
  return { type: 'dataset', access, name, container: name, path: '', project, dataset }
}

export function tableTarget(access: Access, { project, dataset, table }: TableReference): Target {
  return { type: 'table', access, ...inDataset(project, dataset, table), table }
}

export function routineTarget(
  access: Access,
  { project, dataset, routine }: RoutineReference,
): Target {
  return { type: 'routine', access, ...inDataset(project, dataset, routine), routine }
}

export function modelTarget(access: Access, { project, dataset, model }: ModelReference): Target {
  return { type: 'model', access, ...inDataset(project, dataset, model), model }
}

export function objectTarget(access: Access, { bucket, key }: StorageObject): Target {
  const name = `projects/_/buckets/${bucket}/objects/${key}`
  return { type: 'object', access, name, container: bucket, path: key, bucket, key }
}

function inProject(project: string): Pick<Target, 'name' | 'container' | 'project'> {
  return { name: `projects/${project}`, container: project, project }
}

function inDataset(
  project: string,
  dataset: string,
  path: string,
): Pick<Target, 'name' | 'container' | 'path' | 'project' | 'dataset'> {
  const container = `${project}.${dataset}`
  return { name: `${container}.${path}`, container, path, project, dataset }
}

/** `action`: without `bigquery.`. */
export function permission(action: string, target: Target): Permission {
  return { action: `bigquery.${action}`, resource: resourceOf(target) }
}

/** The resource's name as IAM conditions have it; a job and a query are permitted on the project. */
export function resourceOf(target: Target): string {
  const { type, project, dataset, table, routine, model, name } = target
  if (project === undefined) return name
  if (dataset === undefined || type === 'job') return `projects/${project}`
  const parent = `projects/${project}/datasets/${dataset}`
  if (table !== undefined) return `${parent}/tables/${table}`
  if (routine !== undefined) return `${parent}/routines/${routine}`
  return model === undefined ? parent : `${parent}/models/${model}`
}
