// The service ids that an endpoint may name (docs/ARCHITECTURE.md), with what they are called in
// facts and which dialect their SDKs read. An id here without an operator's route is still
// recognised, so that it can never be mistaken for a bucket.

import type { Dialect, Provider } from './route.ts'

export interface ServiceId {
  readonly provider: Provider
  readonly id: string
  /** The contract's name, in facts and configuration. */
  readonly service: string
  readonly dialect: Dialect
  /** The service name in a SigV4 credential scope; undefined where requests carry none. */
  readonly signingName: string | undefined
}

function aws(id: string, dialect: Dialect, signingName = id, service = `aws_${id}`): ServiceId {
  return { provider: 'aws', id, service, dialect, signingName }
}

function gcp(id: string, service = `gcp_${id}`): ServiceId {
  return { provider: 'gcp', id, service, dialect: 'google', signingName: undefined }
}

function azure(id: string, service: string, dialect: Dialect): ServiceId {
  return { provider: 'azure', id, service, dialect, signingName: undefined }
}

export const SERVICES: readonly ServiceId[] = [
  aws('s3', 's3'),
  aws('sts', 'aws-query'),
  aws('iam', 'aws-query'),
  aws('sns', 'aws-query'),
  aws('ec2', 'aws-ec2'),
  aws('dynamodb', 'aws-json'),
  aws('sqs', 'aws-json'),
  aws('kms', 'aws-json'),
  aws('secretsmanager', 'aws-json'),
  aws('ssm', 'aws-json'),
  aws('stepfunctions', 'aws-json', 'states'),
  aws('athena', 'aws-json'),
  aws('lambda', 'aws-rest-json'),
  aws('bedrock', 'aws-rest-json'),
  aws('bedrock-runtime', 'aws-rest-json', 'bedrock', 'aws_bedrock'),
  gcp('bigquery'),
  gcp('storage'),
  gcp('pubsub'),
  gcp('vertexai'),
  gcp('aiplatform', 'gcp_vertexai'),
  azure('blob', 'azure_storage', 'azure-xml'),
  azure('queue', 'azure_storage', 'azure-xml'),
  azure('table', 'azure_storage', 'azure-xml'),
  azure('dfs', 'azure_storage', 'azure-xml'),
  azure('keyvault', 'azure_keyvault', 'json'),
  azure('cosmosdb', 'azure_cosmosdb', 'json'),
  azure('openai', 'azure_openai', 'json'),
  azure('arm', 'azure_arm', 'json'),
]
