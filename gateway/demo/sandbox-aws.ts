// The sandbox cloud: one STS and one S3 on the loopback interface, sharing only the credentials
// that the first issues and the second accepts. It verifies the gateway and was written apart from
// it: nothing here comes from gateway/{signing,issuer,credential,facts,shape} (dependency-cruiser
// checks). Time and the way to the issuer are given; the address is 127.0.0.1 on a free port.

import { createHash } from 'node:crypto'
import { IssuedCredentials } from './aws/issued-credentials.ts'
import type { IssuedCredential } from './aws/issued-credentials.ts'
import { DEFAULT_MEMORY, ObjectStore } from './aws/object-store.ts'
import type { MemoryLimits, ObjectContent } from './aws/object-store.ts'
import { parseIamPolicy } from './aws/iam-policy.ts'
import { startHttpService } from './sandbox/http-service.ts'
import type { ServerKey } from './sandbox/http-service.ts'
import { RequestLog } from './sandbox/request-log.ts'
import type { SandboxTraffic } from './sandbox/request-log.ts'
import type { SandboxService } from './sandbox/service.ts'
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
  /** Default: one of its own; several clouds may write one. */
  readonly log?: RequestLog
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

/** Starts both services; resolves when they listen. Throws TypeError for malformed options. */
export async function createSandboxAws(options: SandboxAwsOptions): Promise<SandboxAws> {
  const { now, tls = {}, region = 'eu-west-1' } = options
  const roles = compileRoles(options.roles)
  const store = new ObjectStore(options.memory ?? DEFAULT_MEMORY)
  seed(store, options.buckets, now())
  const log = options.log ?? new RequestLog()
  const credentials = new IssuedCredentials(now, log.secrets)
  const ownHosts = new Set(options.hosts)
  const { issuerUrl, fetchJson } = options
  const sts = new SandboxSts({ now, issuerUrl, fetchJson, roles, credentials, log })
  const isOwnHost = (host: string): boolean => ownHosts.has(host)
  const s3 = new SandboxS3({ now, region, store, credentials, log, isOwnHost })
  const stsService = await startHttpService({
    service: 'sts',
    tls: tls.sts,
    log,
    handle: (message, response) => sts.handle(message, response),
  })
  const s3Service = await startHttpService({
    service: 's3',
    tls: tls.s3,
    log,
    handle: (message, response, sendContinue) => s3.handle(message, response, sendContinue),
  })
  ownHosts.add(s3Service.authority).add(`localhost:${s3Service.port}`)
  return {
    stsOrigin: stsService.origin,
    s3Origin: s3Service.origin,
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
      await Promise.all([stsService.close(), s3Service.close()])
    },
  }
}
