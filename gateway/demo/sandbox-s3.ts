// A strict S3 in memory: path style, one region. Every request must carry a Signature Version 4
// made with keys that the sandbox STS issued, be allowed by the role's policy *and* by the session
// policy, and hold what it says of its own body. It answers in S3's XML and remembers what it saw.

import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { err, ok } from '../util/result.ts'
import type { Result } from '../util/result.ts'
import { fault } from './aws/fault.ts'
import type { AwsFault } from './aws/fault.ts'
import { evaluateIam } from './aws/iam-policy.ts'
import type { IamRequest } from './aws/iam-policy.ts'
import type { IssuedCredential, IssuedCredentials } from './aws/issued-credentials.ts'
import type { ObjectStore, StoredBucket } from './aws/object-store.ts'
import { planPayload, receivePayload } from './aws/payload.ts'
import { pathOf, rawHead, single } from './sandbox/raw-head.ts'
import type { RawHead } from './sandbox/raw-head.ts'
import type { RequestLog, SandboxRequest } from './sandbox/request-log.ts'
import {
  deleteObjects,
  getBucketLocation,
  headBucket,
  listBuckets,
  listObjectsV2,
} from './aws/s3-buckets.ts'
import { accessDenied } from './aws/s3-call.ts'
import type { S3Answer, S3Call, S3Result } from './aws/s3-call.ts'
import {
  abortMultipartUpload,
  createMultipartUpload,
  listParts,
  uploadPart,
  uploadPartCopy,
} from './aws/s3-multipart.ts'
import { completeMultipartUpload } from './aws/s3-multipart-complete.ts'
import { copyObject, deleteObject, getObject, putObject } from './aws/s3-objects.ts'
import { parseS3Request, requiredPermissions } from './aws/s3-request.ts'
import type { S3Request } from './aws/s3-request.ts'
import { verifySigV4 } from './aws/sigv4.ts'
import { writeXml } from './aws/xml.ts'

interface SandboxS3Options {
  readonly now: () => number
  readonly region: string
  readonly store: ObjectStore
  readonly credentials: IssuedCredentials
  readonly log: RequestLog
  /** Host header values that mean this server. */
  readonly isOwnHost: (host: string) => boolean
}

interface Admitted {
  readonly request: S3Request
  readonly caller: IssuedCredential
  readonly bucket: StoredBucket
}

/** Stands in for the bucket of ListBuckets, which has none. */
const NO_BUCKET: StoredBucket = { name: '', owner: '', createdAt: 0, objects: new Map() }

function isAllowed(caller: IssuedCredential, permission: IamRequest): boolean {
  const policies =
    caller.sessionPolicy === undefined
      ? [caller.rolePolicy]
      : [caller.rolePolicy, caller.sessionPolicy]
  return evaluateIam(policies, permission) === 'allow'
}

function denied(caller: IssuedCredential, permission: IamRequest): AwsFault {
  const where = permission.resource === '*' ? '' : ` on resource: "${permission.resource}"`
  const message = `User: ${caller.principalArn} is not authorized to perform: ${permission.action}${where} because no policy that applies to the session allows it`
  return fault(403, 'AccessDenied', message)
}

/** A caller who names the owner is answered by that owner's bucket or not at all. */
function checkOwner(
  request: S3Request,
  header: string,
  bucket: StoredBucket | undefined,
): AwsFault | undefined {
  const expected = single(request.headers, header)
  if (expected === undefined) return undefined
  if (!/^\d{12}$/.test(expected)) {
    return fault(
      400,
      'InvalidBucketOwnerAWSAccountID',
      'The value of the expected bucket owner parameter must be an AWS account ID',
    )
  }
  return bucket?.owner === expected ? undefined : accessDenied()
}

async function perform(call: S3Call, caller: IssuedCredential): Promise<S3Result> {
  const { operation } = call.request
  switch (operation) {
    case 'ListBuckets':
      return listBuckets(call, caller.account)
    case 'HeadBucket':
      return headBucket(call)
    case 'GetBucketLocation':
      return getBucketLocation(call)
    case 'ListObjectsV2':
      return listObjectsV2(call)
    case 'DeleteObjects':
      return deleteObjects(call)
    case 'PutObject':
      return putObject(call)
    case 'CopyObject':
      return copyObject(call)
    case 'GetObject':
    case 'HeadObject':
      return getObject(call)
    case 'DeleteObject':
      return deleteObject(call)
    case 'CreateMultipartUpload':
      return createMultipartUpload(call)
    case 'UploadPart':
      return uploadPart(call)
    case 'UploadPartCopy':
      return uploadPartCopy(call)
    case 'CompleteMultipartUpload':
      return completeMultipartUpload(call)
    case 'AbortMultipartUpload':
      return abortMultipartUpload(call)
    case 'ListParts':
      return listParts(call)
    default:
      return operation satisfies never
  }
}

export class SandboxS3 {
  readonly #options: SandboxS3Options

  constructor(options: SandboxS3Options) {
    this.#options = options
  }

  /** Answers one request. `sendContinue` is there when the client waits for `100 Continue`. */
  async handle(
    message: IncomingMessage,
    response: ServerResponse,
    sendContinue: (() => void) | undefined,
  ): Promise<void> {
    const head = rawHead(message)
    const entry = this.#options.log.begin('s3', head.method, head.target, head.headers)
    const requestId = randomBytes(8).toString('hex').toUpperCase()
    const result = await this.#answer(head, message, entry, sendContinue)
    entry.verdict = result.ok ? 'accepted' : 'refused'
    entry.code = result.ok ? undefined : result.error.code
    const answer = result.ok ? result.value : faultAnswer(result.error, head, requestId)
    entry.status = answer.status
    await writeAnswer(response, answer, requestId, this.#options.now())
  }

  async #answer(
    head: RawHead,
    message: IncomingMessage,
    entry: SandboxRequest,
    sendContinue: (() => void) | undefined,
  ): Promise<S3Result> {
    const admitted = this.#admit(head, entry)
    if (!admitted.ok) return admitted
    const { request, caller, bucket } = admitted.value
    const plan = planPayload(request.headers, request.mayHaveBody)
    if (!plan.ok) return plan
    const context = new Map([['aws:resourceaccount', bucket.owner]])
    const call: S3Call = {
      request,
      bucket,
      store: this.#options.store,
      now: this.#options.now(),
      region: this.#options.region,
      isAllowed: (permission) => isAllowed(caller, { ...permission, context }),
      receive: async (onBytes) => {
        sendContinue?.()
        return receivePayload(message, plan.value, onBytes, (bytes) => {
          entry.bytesIn += bytes
        })
      },
    }
    return perform(call, caller)
  }

  /** Everything that can be judged from the head: who asks, for what, and whether it may. */
  #admit(head: RawHead, entry: SandboxRequest): Result<Admitted, AwsFault> {
    const signer = verifySigV4(head, {
      service: 's3',
      region: this.#options.region,
      now: this.#options.now(),
      find: (id) => this.#options.credentials.find(id),
    })
    if (!signer.ok) return signer
    const caller = signer.value
    entry.principal = caller.principalArn
    const parsed = parseS3Request(head)
    if (!parsed.ok) return parsed
    const request = parsed.value
    entry.operation = `s3.${request.operation}`
    if (!this.#options.isOwnHost(single(request.headers, 'host') ?? '')) {
      return err(fault(404, 'NoSuchBucket', 'The Host header names no bucket of the sandbox'))
    }
    const { buckets } = this.#options.store
    const bucket = request.bucket === '' ? NO_BUCKET : buckets.get(request.bucket)
    if (bucket === undefined) {
      const details = [['BucketName', request.bucket]] as const
      return err(fault(404, 'NoSuchBucket', 'The specified bucket does not exist', details))
    }
    const source = buckets.get(request.source?.bucket ?? '')
    const stranger =
      checkOwner(request, 'x-amz-expected-bucket-owner', bucket) ??
      checkOwner(request, 'x-amz-source-expected-bucket-owner', source)
    if (stranger !== undefined) return err(stranger)
    const missing = requiredPermissions(request, bucket.owner, source?.owner).find(
      (permission) => !isAllowed(caller, permission),
    )
    if (missing !== undefined) return err(denied(caller, missing))
    return ok({ request, caller, bucket })
  }
}

function faultAnswer(problem: AwsFault, head: RawHead, requestId: string): S3Answer {
  const body = writeXml([
    'Error',
    [
      ['Code', problem.code],
      ['Message', problem.message],
      ...problem.details,
      ['Resource', pathOf(head.target)],
      ['RequestId', requestId],
      ['HostId', 'c2FuZGJveA=='],
    ],
  ])
  const isHead = head.method === 'HEAD'
  return {
    status: problem.status,
    headers: [
      ['content-type', 'application/xml'],
      ...(isHead ? [] : ([['content-length', String(body.length)]] as const)),
    ],
    body: isHead ? undefined : body,
  }
}

async function writeAnswer(
  response: ServerResponse,
  answer: S3Answer,
  requestId: string,
  now: number,
): Promise<void> {
  const headers: string[] = ['x-amz-request-id', requestId, 'x-amz-id-2', 'c2FuZGJveA==']
  headers.push('date', new Date(now).toUTCString(), 'server', 'AmazonS3')
  for (const [name, value] of answer.headers) headers.push(name, value)
  const hasNoBody = answer.body === undefined
  if (hasNoBody && answer.status === 200 && !headers.includes('content-length')) {
    headers.push('content-length', '0')
  }
  response.writeHead(answer.status, headers)
  if (answer.body === undefined) response.end()
  else if (Buffer.isBuffer(answer.body)) response.end(answer.body)
  else await pipeline(Readable.from(answer.body), response)
}
