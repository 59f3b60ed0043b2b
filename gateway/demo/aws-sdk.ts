// The real @aws-sdk/client-s3, loaded when the demo runs: it is a development dependency, and a
// gateway that serves needs no SDK. Only the little that the demo uses is described here, and it is
// checked when loaded.

import { Agent } from 'node:https'
import { CliError } from '../cli/command.ts'
import { memberOf } from './agent-access.ts'
import type { AgentAccess, SdkError } from './agent-access.ts'

export interface SdkClient {
  send(command: object): Promise<unknown>
  destroy(): void
}

export interface AwsSdk {
  /** `name` without `Command`: `PutObject`. */
  command(name: string, input: Readonly<Record<string, unknown>>): object
  createClient(access: AgentAccess, region: string): SdkClient
}

type Exports = Readonly<Record<string, unknown>>

const INSTALL = 'npm install --no-save @aws-sdk/client-s3 @smithy/node-http-handler'

async function load(name: string): Promise<Exports> {
  try {
    const loaded: unknown = await import(name)
    if (typeof loaded === 'object' && loaded !== null) return loaded as Exports
  } catch (error) {
    const isMissing =
      error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
    if (!isMissing) throw error
  }
  throw new CliError(
    2,
    `the demo plays with the real AWS SDK, and ${name} is not installed`,
    `install it and try again: ${INSTALL}`,
  )
}

function construct(exports: Exports, name: string, input: unknown): object {
  const maker = exports[name]
  if (typeof maker !== 'function') throw new TypeError(`the AWS SDK has no ${name}`)
  const made: unknown = Reflect.construct(maker, [input])
  if (typeof made !== 'object' || made === null) throw new TypeError(`${name} made nothing`)
  return made
}

function isClient(value: object): value is SdkClient {
  return (
    'send' in value &&
    typeof value.send === 'function' &&
    'destroy' in value &&
    typeof value.destroy === 'function'
  )
}

export async function loadAwsSdk(): Promise<AwsSdk> {
  // The notice of the SDK's own Node support is no part of what the demo shows.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true'
  const client = await load('@aws-sdk/client-s3')
  const handler = await load('@smithy/node-http-handler')
  return {
    command: (name, input) => construct(client, `${name}Command`, input),
    createClient: ({ baseOrigin, caPem, svid }, region) => {
      const keys = svid === undefined ? {} : { cert: svid.certPem, key: svid.keyPem }
      const httpsAgent = new Agent({ keepAlive: true, ca: caPem, family: 4, ...keys })
      const made = construct(client, 'S3Client', {
        endpoint: `${baseOrigin}/aws/s3`,
        region,
        forcePathStyle: true,
        // Placeholders: the agent has no cloud credential, and the gateway drops these.
        credentials: { accessKeyId: 'AKIAPLACEHOLDER00000', secretAccessKey: 'placeholder' },
        requestHandler: construct(handler, 'NodeHttpHandler', { httpsAgent }),
        requestChecksumCalculation: 'WHEN_SUPPORTED',
        // Refused handshakes look transient to the SDK; one try shows them as they are.
        maxAttempts: 1,
      })
      if (!isClient(made)) throw new TypeError('S3Client has no send() and destroy()')
      return {
        send: (command) => made.send(command),
        destroy: () => {
          made.destroy()
          httpsAgent.destroy()
        },
      }
    },
  }
}

export function readAwsError(error: unknown): SdkError {
  const metadata = memberOf(error, '$metadata')
  const status = memberOf(metadata, 'httpStatusCode')
  const requestId = memberOf(metadata, 'requestId')
  const code = memberOf(error, 'code')
  return {
    name: error instanceof Error ? error.name : 'Error',
    message: (error instanceof Error ? error.message : '') || String(code ?? error),
    status: typeof status === 'number' ? status : undefined,
    requestId: typeof requestId === 'string' ? requestId : undefined,
    code: typeof code === 'string' ? code : undefined,
    reason: undefined,
  }
}
