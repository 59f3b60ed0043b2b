// A SPIFFE Workload API of a test's own: a real gRPC server on a Unix socket whose messages another
// implementation writes (protobufjs, from the .proto text). It is as strict as an agent: a call
// without the security header is refused.

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  Server,
  ServerCredentials,
  status,
  type MethodDefinition,
  type ServerWritableStream,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { repositoryRoot } from './test-data.ts'

export type Method = 'FetchX509SVID' | 'FetchX509Bundles'

export interface SvidParts {
  readonly spiffe_id: string
  readonly x509_svid: Buffer
  readonly x509_svid_key: Buffer
  readonly bundle: Buffer
  readonly hint?: string
}

/** A Buffer goes out as it is: what a broken agent would send. */
export type Message = Buffer | object

type Call = ServerWritableStream<object, Message>

const definition = loadSync(join(repositoryRoot(), 'test/support/workload-api.proto'), {
  keepCase: true,
})

function methodOf(name: Method): MethodDefinition<object, Message> {
  const service = definition['SpiffeWorkloadAPI']
  if (service === undefined || 'format' in service) throw new Error('no service in the .proto')
  const method = service[name]
  if (method === undefined) throw new Error(`no ${name} in the .proto`)
  const { responseSerialize } = method
  return {
    ...method,
    responseSerialize: (value: Message) =>
      Buffer.isBuffer(value) ? value : responseSerialize(value),
  }
}

/** A message as protobufjs writes it. */
export function encoded(method: Method, message: object): Buffer {
  return methodOf(method).responseSerialize(message)
}

export class WorkloadApi {
  readonly socketPath: string
  readonly #server: Server
  readonly #answers = new Map<Method, Message | number>()
  readonly #open = new Map<Call, Method>()
  readonly #events = new EventEmitter()
  readonly calls: Method[] = []
  /** Calls that came without `workload.spiffe.io: true`. */
  unmarked = 0

  private constructor(socketPath: string) {
    this.socketPath = socketPath
    this.#server = new Server()
    this.#server.addService(
      {
        FetchX509SVID: methodOf('FetchX509SVID'),
        FetchX509Bundles: methodOf('FetchX509Bundles'),
      },
      {
        FetchX509SVID: (call: Call) => this.#serve('FetchX509SVID', call),
        FetchX509Bundles: (call: Call) => this.#serve('FetchX509Bundles', call),
      },
    )
  }

  static async start(socketPath: string): Promise<WorkloadApi> {
    const api = new WorkloadApi(socketPath)
    await new Promise<void>((resolve, reject) => {
      api.#server.bindAsync(`unix:${socketPath}`, ServerCredentials.createInsecure(), (error) => {
        if (error === null) resolve()
        else reject(error)
      })
    })
    return api
  }

  get endpoint(): string {
    return `unix://${this.socketPath}`
  }

  /** What streams say from now on; a number is the status with which they end. */
  answer(method: Method, answer: Message | number): void {
    this.#answers.set(method, answer)
    for (const [call, of] of this.#open) if (of === method) this.#say(call, answer)
  }

  /** All streams end well, and the next ones say the same. */
  endStreams(): void {
    for (const call of this.#open.keys()) call.end()
    this.#open.clear()
  }

  async untilCalls(method: Method, count: number): Promise<void> {
    while (this.calls.filter((call) => call === method).length < count) {
      await once(this.#events, 'call')
    }
  }

  /** As if the agent's process were killed. */
  stop(): void {
    this.#server.forceShutdown()
  }

  #serve(method: Method, call: Call): void {
    this.calls.push(method)
    if (call.metadata.get('workload.spiffe.io').join() !== 'true') {
      this.unmarked += 1
      call.emit('error', { code: status.INVALID_ARGUMENT, details: 'security header missing' })
      return
    }
    this.#open.set(call, method)
    call.on('cancelled', () => this.#open.delete(call))
    const answer = this.#answers.get(method)
    if (answer !== undefined) this.#say(call, answer)
    this.#events.emit('call')
  }

  #say(call: Call, answer: Message | number): void {
    if (typeof answer !== 'number') {
      call.write(answer)
      return
    }
    this.#open.delete(call)
    call.emit('error', { code: answer, details: 'as the test says' })
  }
}

/** A folder whose path is short enough for a socket. */
export async function socketFolder(): Promise<{ dir: string; remove: () => Promise<void> }> {
  const dir = await mkdtemp(join(tmpdir(), 'wl-'))
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) }
}

/** DER certificates one after another. */
export function ders(...pems: readonly string[]): Buffer {
  return Buffer.concat(pems.map((pem) => new X509Certificate(pem).raw))
}

export function svidParts(
  spiffeId: string,
  svid: { readonly certPem: string; readonly keyPem: string },
  caPem: string,
): SvidParts {
  const key = createPrivateKey(svid.keyPem).export({ format: 'der', type: 'pkcs8' })
  return {
    spiffe_id: spiffeId,
    x509_svid: ders(svid.certPem),
    x509_svid_key: key,
    bundle: ders(caPem),
  }
}

export function bundlesOf(domains: Readonly<Record<string, Buffer>>): object {
  const entries = Object.entries(domains).map(([name, der]) => [`spiffe://${name}`, der])
  return { bundles: Object.fromEntries(entries) }
}
