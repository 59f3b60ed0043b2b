import t from 'tap'
import type { HeaderLine } from '../../../gateway/request/message.ts'
import { guessDialect } from '../../../gateway/respond/guess-dialect.ts'

const scope = (service: string): HeaderLine => [
  'Authorization',
  `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261105/eu-west-1/${service}/aws4_request, ` +
    'SignedHeaders=host;x-amz-date, Signature=00',
]

const TABLE: readonly (readonly [string, readonly HeaderLine[], string])[] = [
  ['S3 by the scope', [scope('s3')], 's3'],
  [
    'EC2 by the scope',
    [scope('ec2'), ['content-type', 'application/x-www-form-urlencoded']],
    'aws-ec2',
  ],
  [
    'query by the form',
    [scope('sts'), ['content-type', 'application/x-www-form-urlencoded; charset=utf-8']],
    'aws-query',
  ],
  [
    'JSON by the target',
    [scope('dynamodb'), ['X-Amz-Target', 'DynamoDB_20120810.GetItem']],
    'aws-json',
  ],
  ['CBOR by its header', [scope('cloudwatch'), ['Smithy-Protocol', 'rpc-v2-cbor']], 'aws-cbor'],
  [
    'rest-json for another signed service',
    [scope('lambda'), ['content-type', 'application/json']],
    'aws-rest-json',
  ],
  ['plain JSON without marks', [['host', 'gw']], 'json'],
  ['plain JSON for a bearer', [['authorization', 'Bearer x']], 'json'],
  [
    'plain JSON for a broken scope',
    [['authorization', 'AWS4-HMAC-SHA256 Credential=a/b/c']],
    'json',
  ],
]

for (const [id, lines, dialect] of TABLE) {
  t.test(id, async (t) => {
    t.equal(guessDialect(lines), dialect)
  })
}

const API_CLIENT: HeaderLine = ['X-Goog-Api-Client', 'gl-python/3.11 gccl/3.47.0']

const TARGETS: readonly (readonly [string, string, readonly HeaderLine[], string])[] = [
  ['Google by our prefix', '/gcp/anything', [], 'google'],
  ['Google by its API', '/bigquery/v2/projects/p/queries?x', [], 'google'],
  ['Google by an upload', '/upload/bigquery/v2/projects/p/jobs', [], 'google'],
  ['Google by a resumable upload', '/resumable/upload/bigquery/v2/x', [], 'google'],
  ['Google by a batch', '/batch/bigquery/v2', [], 'google'],
  ['Google by its client’s header', '/elsewhere', [API_CLIENT], 'google'],
  ['S3 by the scope, whatever the bucket is called', '/aws/s3/gcp/x', [scope('s3')], 's3'],
  ['plain JSON for a path that only begins alike', '/gcpx', [], 'json'],
  ['plain JSON for another API', '/bigquery/v20/x', [], 'json'],
]

for (const [id, target, lines, dialect] of TARGETS) {
  t.test(id, async (t) => {
    t.equal(guessDialect(lines, target), dialect)
  })
}
