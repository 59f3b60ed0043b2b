// What each cloud needs when the issuer's key was somebody else's too. Dropping the key stops new
// sessions as soon as a cloud fetches the keys again; what was issued before must be ended in the cloud
// itself. Sources: IAM User Guide, "Revoking IAM role temporary security credentials"; IAM API v1,
// `workloadIdentityPools` and `providers.patch` (`oidc.jwksJson`); docs/OPERATIONS.md.

import type { AwsWebIdentityConfig, Config, GcpWorkloadIdentityConfig } from '../config/config.ts'
import { formatRfc3339 } from '../util/rfc3339.ts'

export interface CloudStep {
  /** Name in the configuration. */
  readonly credential: string
  readonly cloud: 'aws' | 'gcp' | 'all'
  readonly what: string
  /** To be run by whoever administers the cloud; `<…>` is to be filled in. */
  readonly commands: readonly string[]
}

/** @param now ms since the epoch: sessions that began before are to end */
export function cloudSteps(config: Config, now: number): readonly CloudStep[] {
  const steps: CloudStep[] = []
  if (config.listen.issuer === undefined) steps.push(publishAgain(config))
  for (const [name, credential] of config.credentials) {
    if (credential.kind === 'aws-web-identity') steps.push(awsStep(name, credential, now))
    if (credential.kind === 'gcp-workload-identity')
      steps.push(...gcpSteps(name, credential, config))
  }
  return steps
}

function publishAgain({ issuer }: Config): CloudStep {
  return {
    credential: 'every one',
    cloud: 'all',
    what: `upload the documents of ${issuer?.url ?? ''} again: until then the clouds trust the old keys`,
    commands: ['svidgate issuer publish -c <svidgate.yaml> --out <directory>'],
  }
}

function awsStep(credential: string, { roleArn }: AwsWebIdentityConfig, now: number): CloudStep {
  const role = roleArn.slice(roleArn.lastIndexOf('/') + 1)
  const policy = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Deny',
        Action: ['*'],
        Resource: ['*'],
        Condition: { DateLessThan: { 'aws:TokenIssueTime': formatRfc3339(now) } },
      },
    ],
  }
  const each = /\{\w+\}/.test(role) ? ' for each role of that pattern' : ''
  return {
    credential,
    cloud: 'aws',
    what:
      `revoke the sessions of ${roleArn}${each}; again, with a later time, once AWS refuses the ` +
      'dropped key. Keys are fetched by AWS itself: no thumbprint changes',
    commands: [
      `aws iam put-role-policy --role-name '${role}' --policy-name AWSRevokeOlderSessions ` +
        `--policy-document '${JSON.stringify(policy)}'`,
    ],
  }
}

const PROVIDER =
  /projects\/(\d+)\/locations\/global\/workloadIdentityPools\/([^/]+)\/providers\/([^/]+)$/

function gcpSteps(
  credential: string,
  { provider, serviceAccount }: GcpWorkloadIdentityConfig,
  { issuer }: Config,
): readonly CloudStep[] {
  const [, project = '', pool = '', name = ''] = PROVIDER.exec(provider) ?? []
  const where = `--location=global --project=${project}`
  const keys: CloudStep = {
    credential,
    cloud: 'gcp',
    what: `where keys were uploaded to the provider, upload the new ones; otherwise Google fetches them from ${issuer?.url ?? ''}`,
    commands: [
      `gcloud iam workload-identity-pools providers update-oidc ${name} ` +
        `--workload-identity-pool=${pool} ${where} --jwk-json-path=<directory>/.well-known/jwks.json`,
    ],
  }
  const sessions: CloudStep = {
    credential,
    cloud: 'gcp',
    what: 'tokens that were issued live an hour at most and cannot be revoked one by one: disable the pool for that hour to end them',
    commands: [
      `gcloud iam workload-identity-pools update ${pool} ${where} --disabled`,
      `gcloud iam workload-identity-pools update ${pool} ${where} --no-disabled`,
    ],
  }
  if (serviceAccount === undefined) return [keys, sessions]
  const account: CloudStep = {
    credential,
    cloud: 'gcp',
    what: 'tokens of the impersonated service account outlive the pool: disable the account as long',
    commands: [
      `gcloud iam service-accounts disable '${serviceAccount}'`,
      `gcloud iam service-accounts enable '${serviceAccount}'`,
    ],
  }
  return [keys, sessions, account]
}
