// The requests that both servers under test get: what an AWS SDK sends for a GetObject of one object
// among many, and what @google-cloud/bigquery sends for a query. `<n>` is another number in each
// request (load.ts).

import type { Asking } from './measured.ts'

const DATE = new Date().toISOString().slice(0, 10).replaceAll('-', '')

export const REGION = 'eu-west-1'
export const OBJECT_PATH = '/reports/2026/<n>.bin'

export const SDK_HEADERS: readonly (readonly [name: string, value: string])[] = [
  ['x-amz-date', `${DATE}T000000Z`],
  ['x-amz-content-sha256', 'UNSIGNED-PAYLOAD'],
  ['user-agent', 'aws-sdk-js/3.1175.0 ua/2.1 os/linux lang/js md/nodejs#20.20.2 api/s3#3.1175.0'],
  ['amz-sdk-invocation-id', '3b1c4a0e-5d2b-4f7a-9c8e-0a<n>'],
  ['amz-sdk-request', 'attempt=1; max=3'],
  [
    'authorization',
    `AWS4-HMAC-SHA256 Credential=AKIDPLACEHOLDER/${DATE}/${REGION}/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=${'0'.repeat(54)}<n>`,
  ],
]

export const QUERY_PATH = '/bigquery/v2/projects/acme-data/queries?prettyPrint=false'

/** As the origin answers, so that the policy's grants cover it. */
export const QUERIED_TABLE = { projectId: 'acme-data', datasetId: 'sales', tableId: 'orders' }

const QUERY = `SELECT o.country, DATE_TRUNC(o.day, MONTH) AS month, SUM(o.amount) AS amount,
  COUNT(DISTINCT o.customer_id) AS customers
FROM \`acme-data.sales.orders\` AS o
WHERE o.day >= @since AND o.country IN UNNEST(['DE', 'FR', 'IT'])
GROUP BY country, month ORDER BY month DESC, amount DESC LIMIT 100`

/** The same text each time, as an agent asks again; the id of the request is another. */
export function query(path: string): Asking {
  return {
    path,
    headers: [
      ['accept', '*/*'],
      ['accept-encoding', 'gzip,deflate'],
      ['user-agent', 'gcloud-node-bigquery/8.3.1,gzip(gfe)'],
      ['x-goog-api-client', 'gl-node/20.20.2 gccl/8.3.1 gccl-invocation-id/3b1c4a0e-0a<n>'],
      ['authorization', 'Bearer placeholder'],
      ['content-type', 'application/json'],
    ],
    body: JSON.stringify({
      query: QUERY,
      useLegacySql: false,
      parameterMode: 'NAMED',
      queryParameters: [
        {
          name: 'since',
          parameterType: { type: 'DATE' },
          parameterValue: { value: '2026-01-01' },
        },
      ],
      requestId: '3b1c4a0e-5d2b-4f7a-9c8e-0a<n>',
      jobCreationMode: 'JOB_CREATION_OPTIONAL',
      formatOptions: { useInt64Timestamp: true },
    }),
  }
}
