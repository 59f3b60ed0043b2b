// The sandbox cloud: one STS and one S3 on the loopback interface, sharing only the credentials
// that the first issues and the second accepts. It verifies the gateway and was written apart from
// it: nothing here comes from gateway/{signing,issuer,credential,facts,shape} (dependency-cruiser
// checks). Time and the way to the issuer are given; the address is 127.0.0.1 on a free port.

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { IssuedCredentials } from './aws/issued-credentials.ts'
import type { IssuedCredential } from './aws/issued-credentials.ts'
import { DEFAULT_MEMORY, ObjectStore } from './aws/object-store.ts'
import type { MemoryLimits, ObjectContent } from './aws/object-store.ts'
import { parseIamPolicy } from './aws/iam-policy.ts'
import { RequestLog } from './aws/request-log.ts'
import type { SandboxService, SandboxTraffic } from './aws/request-log.ts'
import { compileRoles } from './aws/roles.ts'
import type { SandboxRole } from './aws/roles.ts'
import { SandboxS3 } from './sandbox-s3.ts'
import { SandboxSts } from './sandbox-sts.ts'

export interface SandboxObject {
  readonly key: string
  /** The content, or the length of a synthetic one that is computed as it is read. */
  readonly content: string | Buffer | { readonly syntheticBytes: number }
}

export interface SandboxBucket {
  readonly name: string
  /** Twelve digits. */
  readonly owner: string
  readonly objects?: readonly SandboxObject[]
}

export interface ServerKey {
  readonly key: string
  readonly cert: string
}

export interface SandboxAwsOptions {
  /** ms since the epoch */
  readonly now: () => number
  /** The `iss` that the account trusts, exactly. */
  readonly issuerUrl: string
  /** How the STS gets the issuer's documents; rejects when they cannot be had. */
  readonly fetchJson: (url: string) => Promise<unknown>
  readonly roles: readonly SandboxRole[]
  readonly buckets: readonly SandboxBucket[]
  /** Default eu-west-1. */
  readonly region?: string
  /** The services that speak TLS, with key and certificate in PEM; the others speak plain HTTP. */
  readonly tls?: { readonly [Service in SandboxService]?: ServerKey }
  readonly memory?: MemoryLimits
  /** Further Host values (host and port) that name the sandbox S3. */
  readonly hosts?: readonly string[]
}

export interface DirectGrant {
  readonly roleArn: string
  readonly sessionName?: string
  readonly sessionPolicy?: unknown
  /** Default one hour from now; may lie in the past. */
  readonly expiresAt?: number
}

export interface SandboxAws extends SandboxTraffic {
  readonly stsOrigin: string
  readonly s3Origin: string
  /** Issues keys without a token, for tests of what signs. */
  issue(grant: DirectGrant): IssuedCredential
  /** Bytes of object content held now. */
  heldBytes(): number
  close(): Promise<void>
}

function seededTag(content: Buffer | string): string {
  return `"${createHash('md5').update(content).digest('hex')}"`
}

function seed(store: ObjectStore, buckets: readonly SandboxBucket[], now: number): void {
  for (const { name, owner, objects = [] } of buckets) {
    if (!/^\d{12}$/.test(owner) || store.buckets.has(name)) {
      throw new TypeError(`sandbox bucket ${name}: the owner is not an account or it appears twice`)
    }
    const bucket = { name, owner, createdAt: now, objects: new Map() }
    store.buckets.set(name, bucket)
    for (const { key, content } of objects) {
      const given = typeof content === 'string' ? Buffer.from(content) : content
      const kept: ObjectContent = Buffer.isBuffer(given)
        ? { kind: 'bytes', bytes: given }
        : { kind: 'synthetic' }
      const length = Buffer.isBuffer(given) ? given.length : given.syntheticBytes
      if (Buffer.isBuffer(given) && !store.memory.take(0, given.length)) {
        throw new TypeError(`sandbox object ${name}/${key} is bigger than the sandbox may hold`)
      }
      store.put(bucket, {
        key,
        length,
        etag: seededTag(Buffer.isBuffer(given) ? given : `${name}/${key}/${length}`),
        lastModified: now,
        content: kept,
        headers: [],
        checksum: undefined,
      })
    }
  }
}

type Handle = (
  message: IncomingMessage,
  response: ServerResponse,
  sendContinue: (() => void) | undefined,
) => Promise<void>

/** Anything unforeseen cuts the connection: no answer of the sandbox is ever a guess. */
function listener(handle: Handle, waitsForContinue: boolean): RequestListener {
  return (message, response) => {
    const sendContinue = waitsForContinue ? () => response.writeContinue() : undefined
    handle(message, response, sendContinue).catch(() => response.destroy())
  }
}

async function listen(
  service: SandboxService,
  tls: ServerKey | undefined,
  log: RequestLog,
  handle: Handle,
): Promise<{ server: Server; authority: string }> {
  const server =
    tls === undefined ? createHttpServer() : createHttpsServer({ ...tls, minVersion: 'TLSv1.2' })
  server.on('request', listener(handle, false))
  server.on('checkContinue', listener(handle, true))
  server.on('connection', () => {
    log.connections[service] += 1
  })
  server.on('clientError', (_error, socket) => {
    const entry = log.begin(service, '', '', [])
    entry.verdict = 'refused'
    entry.code = 'MalformedHttp'
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
    else socket.destroy()
  })
  server.keepAliveTimeout = 60_000
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('no TCP address')
  return { server, authority: `127.0.0.1:${address.port}` }
}

async function closeServer(server: Server): Promise<void> {
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
}

/** Starts both services; resolves when they listen. Throws TypeError for malformed options. */
export async function createSandboxAws(options: SandboxAwsOptions): Promise<SandboxAws> {
  const { now, tls = {}, region = 'eu-west-1' } = options
  const roles = compileRoles(options.roles)
  const store = new ObjectStore(options.memory ?? DEFAULT_MEMORY)
  seed(store, options.buckets, now())
  const credentials = new IssuedCredentials(now)
  const log = new RequestLog()
  const ownHosts = new Set(options.hosts)
  const { issuerUrl, fetchJson } = options
  const sts = new SandboxSts({ now, issuerUrl, fetchJson, roles, credentials, log })
  const isOwnHost = (host: string): boolean => ownHosts.has(host)
  const s3 = new SandboxS3({ now, region, store, credentials, log, isOwnHost })
  const stsServer = await listen('sts', tls.sts, log, (message, response) =>
    sts.handle(message, response),
  )
  const s3Server = await listen('s3', tls.s3, log, (message, response, sendContinue) =>
    s3.handle(message, response, sendContinue),
  )
  const port = s3Server.authority.split(':')[1] ?? ''
  ownHosts.add(s3Server.authority).add(`localhost:${port}`)
  const scheme = (key: ServerKey | undefined): string => (key === undefined ? 'http' : 'https')
  return {
    stsOrigin: `${scheme(tls.sts)}://${stsServer.authority}`,
    s3Origin: `${scheme(tls.s3)}://${s3Server.authority}`,
    requests: log.requests,
    connections: log.connections,
    heldBytes: () => store.memory.used,
    issue: (grant) => {
      const role = roles.get(grant.roleArn)
      if (role === undefined) throw new TypeError(`no sandbox role ${grant.roleArn}`)
      const policy =
        grant.sessionPolicy === undefined ? undefined : parseIamPolicy(grant.sessionPolicy)
      if (policy?.ok === false) throw new TypeError(policy.error)
      const sessionName = grant.sessionName ?? 'direct'
      return credentials.issue({
        expiresAt: grant.expiresAt ?? now() + 3_600_000,
        account: role.account,
        roleArn: role.arn,
        sessionName,
        principalArn: `arn:aws:sts::${role.account}:assumed-role/${role.name}/${sessionName}`,
        rolePolicy: role.compiled,
        sessionPolicy: policy?.value,
      })
    },
    close: async () => {
      await Promise.all([closeServer(stsServer.server), closeServer(s3Server.server)])
    },
  }
}
