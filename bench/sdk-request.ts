// The request that both servers under test get: what an AWS SDK sends for a GetObject of one object
// among many. `<n>` is another number in each request (load.ts).

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
