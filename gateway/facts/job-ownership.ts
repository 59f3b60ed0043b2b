// Whose a BigQuery job is (docs/POLICY.md `own`). The pipeline gives one for the agent that asks;
// facts without an agent (`svidgate facts`) have none, and then no job is own.

export interface JobOwnership {
  /**
   * `jobId` as the agent wrote it. The answer's id is the one that the cloud knows: it differs where
   * an id was stamped at insertion and the agent still uses its own.
   */
  resolve(project: string, jobId: string): { readonly jobId: string; readonly own: boolean }
  /** The id under which a job of this agent is inserted: carries the agent's signed prefix. */
  stamp(project: string, jobId: string): string
}
