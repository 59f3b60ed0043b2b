// The gateway before a cloud that nobody here wrote: versitygw's S3, STS and IAM, set up with the very
// policies and commands of docs/AWS.md. Runs in a private network, where versitygw fetches our
// issuer's documents from https://oidc.example.org, port 443, as AWS does.

import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import type { Test } from 'tap'
import { createDevTrustDomain } from '../../../gateway/spiffe/dev-ca.ts'
import { setUpAwsAsDocumented } from '../../support/aws-setup.ts'
import { startIssuerFront, type IssuerFront } from '../../support/issuer-front.ts'
import {
  startTestGateway,
  type TestGateway,
  type TestGatewayOptions,
} from '../../support/running-gateway.ts'
import { ACCOUNT, REGION } from '../../support/scene.ts'
import { StsTap, type StsAnswer } from '../../support/sts-tap.ts'
import {
  IAM_REGION,
  startVersitygw,
  VERSITYGW_ACCOUNT,
  type Versitygw,
} from '../../support/versitygw.ts'

/** RFC 5737: neither loopback nor private, and nobody's. */
export const ISSUER_ADDRESS = '203.0.113.10'
export const ISSUER_HOST = 'oidc.example.org'
const HTTPS_PORT = 443

export const BUCKET = 'reports'
/** A bucket that no policy of docs/AWS.md names. */
export const FOREIGN_BUCKET = 'archive'
export const SEEDED = { key: '2026/q2.csv', content: 'q2,41\n' }

export interface VersitygwScene {
  readonly test: TestGateway
  readonly cloud: Versitygw
  /** The calls of the gateway to STS, and a way to send others. */
  readonly sts: StsTap
  readonly issuer: IssuerFront
}

export async function openVersitygwScene(
  t: Test,
  options: TestGatewayOptions = {},
): Promise<VersitygwScene> {
  const dir = await mkdtemp(join(tmpdir(), 'svidgate-versitygw-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  await mkdir(join(dir, 'cloud'))
  const now = Date.now()
  const web = createDevTrustDomain({ trustDomain: 'web.example.org', now })
  const certificate = web.issueServerCertificate({ names: [ISSUER_HOST, '127.0.0.1'] })
  const tls = { key: certificate.keyPem, cert: certificate.certPem, ca: certificate.caPem }
  const cloud = await startVersitygw({
    dir: join(dir, 'cloud'),
    region: REGION,
    tls,
  })
  t.teardown(() => cloud.stop())
  const sts = new StsTap()
  const test = await startTestGateway({
    ...options,
    s3Origin: cloud.s3Origin,
    stsServer: () => sts.start(tls, { origin: cloud.iamOrigin, ca: tls.ca }),
    files: { ...options.files, 'cloud-ca.pem': tls.ca },
    config: (text) => (options.config?.(text) ?? text).replaceAll(ACCOUNT, VERSITYGW_ACCOUNT),
  })
  t.teardown(() => test.close())
  const issuer = await startIssuerFront({
    address: ISSUER_ADDRESS,
    port: HTTPS_PORT,
    tls,
    origin: `http://127.0.0.1:${test.gateway.listeners.issuerPort ?? 0}`,
  })
  t.teardown(() => issuer.close())
  await setUpAwsAsDocumented({
    dir: join(dir, 'aws'),
    account: VERSITYGW_ACCOUNT,
    env: {
      AWS_ENDPOINT_URL: cloud.iamOrigin,
      AWS_CA_BUNDLE: cloud.caPath,
      AWS_ACCESS_KEY_ID: cloud.root.accessKeyId,
      AWS_SECRET_ACCESS_KEY: cloud.root.secretAccessKey,
      AWS_DEFAULT_REGION: IAM_REGION,
    },
  })
  const owner = cloud.s3(cloud.root)
  for (const Bucket of [BUCKET, FOREIGN_BUCKET])
    await owner.send(new CreateBucketCommand({ Bucket }))
  await owner.send(new PutObjectCommand({ Bucket: BUCKET, Key: SEEDED.key, Body: SEEDED.content }))
  return { test, cloud, sts, issuer }
}

/** Address, requester, id; operation, key, path and status; then sizes and more. */
const LOG_LINE = /\] \S+ \S+ \S+ s3_(\S+) (.+) \/\S* (\d{3}) \S+ \d+ /

/** Operation, status and key of each line of an access log (Amazon S3 User Guide, "Log format"). */
export function sentTo(log: readonly string[]): readonly string[] {
  return log.map((line) => {
    const [, operation, key, status] = LOG_LINE.exec(line) ?? []
    if (operation === undefined) throw new Error(`no line of an access log: ${line}`)
    return `${operation} ${status ?? ''} ${key ?? ''}`
  })
}

/** The keys that an answer of STS holds. */
export function sessionOf(answer: StsAnswer | undefined): {
  accessKeyId: string
  secretAccessKey: string
  sessionToken: string
} {
  const value = (name: string): string =>
    new RegExp(`<${name}>([^<]+)</${name}>`).exec(answer?.body ?? '')?.[1] ?? ''
  return {
    accessKeyId: value('AccessKeyId'),
    secretAccessKey: value('SecretAccessKey'),
    sessionToken: value('SessionToken'),
  }
}
