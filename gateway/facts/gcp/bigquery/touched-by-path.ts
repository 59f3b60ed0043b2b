// What a method touches whose path names it: the innermost resource in the path.

import type { Access, Permission, Target } from '../../facts.ts'
import type { JobOwnership } from '../../job-ownership.ts'
import type { BigQueryMethod } from './method-index.ts'
import type { PathNames } from './read-path.ts'
import {
  accountTarget,
  datasetTarget,
  jobTarget,
  modelTarget,
  permission,
  routineTarget,
  tableTarget,
} from './targets.ts'

export interface Touched {
  readonly access: Access
  readonly targets: readonly Target[]
  readonly permissions: readonly Permission[]
  /** False where a body that is not read can name more. */
  readonly complete: boolean
}

export function touchedByPath(
  { rule }: BigQueryMethod,
  names: PathNames,
  access: Access,
  jobs: JobOwnership | undefined,
): Touched {
  const target = targetOf(names, access, jobs)
  return {
    access,
    targets: [target],
    permissions: rule.permissions.map((action) => permission(action, target)),
    complete: rule.unread !== true,
  }
}

function targetOf(
  { projectId: project, datasetId: dataset, tableId, routineId, modelId, jobId }: PathNames,
  access: Access,
  jobs: JobOwnership | undefined,
): Target {
  if (project === undefined) return accountTarget(access, undefined)
  if (jobId !== undefined) {
    // Nobody in particular asks: then no job is theirs.
    const { jobId: known, own } = jobs?.resolve(project, jobId) ?? { jobId, own: false }
    return jobTarget(access, project, known, own)
  }
  if (dataset === undefined) return accountTarget(access, project)
  if (tableId !== undefined) return tableTarget(access, { project, dataset, table: tableId })
  if (routineId !== undefined) {
    return routineTarget(access, { project, dataset, routine: routineId })
  }
  if (modelId !== undefined) return modelTarget(access, { project, dataset, model: modelId })
  return datasetTarget(access, project, dataset)
}
