// The thread of one agent that speaks to BigQuery: real agents are processes of their own, and the
// SDK shares its TLS connections within one.

import { parentPort, workerData } from 'node:worker_threads'
import { callBigQuery, createBigQuery, readGoogleError } from './google-sdk.ts'
import type { AgentTask, AgentThread } from './google-agents.ts'

if (parentPort === null) throw new TypeError('this file is the start of a thread')
const port = parentPort
const { access, projectId } = workerData as AgentThread
const client = await createBigQuery(access, projectId)

port.on('message', ({ id, call }: AgentTask) => {
  callBigQuery(client, call).then(
    (rows) => port.postMessage({ id, rows }),
    (error: unknown) => port.postMessage({ id, error: readGoogleError(error) }),
  )
})
