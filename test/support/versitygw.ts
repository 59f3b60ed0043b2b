// versitygw (Apache-2.0), written by others: an S3 server, and an IAM and STS server that keeps the
// users, roles and sessions for it. In a private network (private-network.ts), where every port is
// free. What it checks is measured in test/real/versitygw/controls.ts.

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { S3Client } from '@aws-sdk/client-s3'
import { isListening, startServerProcess } from './server-process.ts'
import { toolPath } from './tools.ts'

/** Every role and bucket of it belongs to this account. */
export const VERSITYGW_ACCOUNT = '000000000000'

const HOST = '127.0.0.1'
/** IAM is one for all regions, and signed for this one (AWS General Reference, IAM endpoints). */
export const IAM_REGION = 'us-east-1'
const S3_PORT = 7070
const IAM_PORT = 7076
/** By which the two speak with each other: an abstract socket (unix(7)), seen in this network only. */
const BETWEEN = '@versitygw-iam'
const START_MS = 20_000

export interface VersitygwOptions {
  /** An empty directory. */
  readonly dir: string
  readonly region: string
  /** For both servers. `ca` is also all it trusts of OIDC issuers, in place of the system's CAs. */
  readonly tls: { readonly key: string; readonly cert: string; readonly ca: string }
}

export interface RootKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface Versitygw {
  readonly s3Origin: string
  /** IAM and STS. */
  readonly iamOrigin: string
  /** Of the owner of the whole server, whom no policy binds. */
  readonly root: RootKey
  /** Of all its servers. */
  readonly caPath: string
  /** A client of its S3 without any gateway between. */
  s3(credentials: RootKey & { readonly sessionToken?: string }): S3Client
  /** One line a request, in the form of S3 server access logs. */
  accessLog(): Promise<readonly string[]>
  stop(): Promise<void>
}

export async function startVersitygw(options: VersitygwOptions): Promise<Versitygw> {
  const { dir, region, tls } = options
  const program = toolPath('versitygw', 'versitygw')
  const root = { accessKeyId: 'rootofversitygw', secretAccessKey: 'a-secret-of-the-test-alone' }
  const path = (name: string): string => join(dir, name)
  await Promise.all(['data', 'iam'].map((name) => mkdir(path(name))))
  await writeFile(path('server.pem'), tls.cert)
  await writeFile(path('server.key.pem'), tls.key, { mode: 0o600 })
  await writeFile(path('ca.pem'), tls.ca)
  const common = ['--keep-alive', '--cert', path('server.pem'), '--key', path('server.key.pem')]
  const start = (port: number, signedFor: string, args: readonly string[]) =>
    startServerProcess({
      command: [program, '--port', `${HOST}:${port}`, '--region', signedFor, ...common, ...args],
      cwd: dir,
      env: {
        HOME: dir,
        ROOT_ACCESS_KEY: root.accessKeyId,
        ROOT_SECRET_KEY: root.secretAccessKey,
        SSL_CERT_FILE: path('ca.pem'),
      },
      isReady: () => isListening(HOST, port),
      deadlineMs: START_MS,
    })
  const iam = await start(IAM_PORT, IAM_REGION, [
    'iam',
    '--dir',
    path('iam'),
    '--private-ports',
    BETWEEN,
  ])
  const log = path('access.log')
  const s3Args = ['--access-log', log, '--iam-standalone-endpoint', BETWEEN, 'posix', path('data')]
  const s3 = await start(S3_PORT, region, s3Args).catch(async (error: unknown) => {
    await iam.stop()
    throw error
  })
  const s3Origin = `https://${HOST}:${S3_PORT}`
  const clients: S3Client[] = []
  return {
    s3Origin,
    iamOrigin: `https://${HOST}:${IAM_PORT}`,
    root,
    caPath: path('ca.pem'),
    s3: (credentials) => {
      const client = new S3Client({
        endpoint: s3Origin,
        region,
        forcePathStyle: true,
        credentials,
        maxAttempts: 1,
        requestHandler: new NodeHttpHandler({ httpsAgent: { ca: tls.ca } }),
      })
      clients.push(client)
      return client
    },
    accessLog: async () =>
      (await readFile(log, 'utf8'))
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('log starts ')),
    stop: async () => {
      for (const client of clients) client.destroy()
      await Promise.all([s3.stop(), iam.stop()])
    },
  }
}
