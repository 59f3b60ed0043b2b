// Stands before the sandbox STS: passes calls on and answers back as they are, and keeps what the
// sandbox by design does not: parameters and answers. A script may answer in the sandbox's place.

import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { ServerKey } from '../../gateway/demo/sandbox/http-service.ts'
import type { OwnService, SandboxSts } from './running-gateway.ts'

export interface StsAnswer {
  readonly status: number
  readonly contentType?: string
  readonly body: string
}

export interface StsCall {
  readonly form: string
  readonly parameters: ReadonlyMap<string, string>
  answer: StsAnswer | undefined
}

export class StsTap {
  readonly calls: StsCall[] = []
  /** Undefined: the sandbox answers. */
  script: ((call: StsCall) => StsAnswer | undefined | Promise<StsAnswer | undefined>) | undefined
  #sandbox: SandboxSts = { origin: '', ca: '' }

  readonly start = async (tls: ServerKey, sandbox: SandboxSts): Promise<OwnService> => {
    this.#sandbox = sandbox
    const server = createServer({ ...tls }, (incoming, outgoing) => {
      this.#serve(incoming)
        .then(({ status, contentType = 'text/xml', body }) => {
          outgoing.writeHead(status, { 'content-type': contentType }).end(body)
        })
        .catch(() => outgoing.destroy())
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    return {
      origin: `https://127.0.0.1:${port}`,
      close: async () => {
        server.closeAllConnections()
        server.close()
        await once(server, 'close')
      },
    }
  }

  /** The sandbox's answer: for scripts that change it, or to a call that no gateway made. */
  pass({ form }: Pick<StsCall, 'form'>): Promise<StsAnswer> {
    return passOn(this.#sandbox, form)
  }

  async #serve(incoming: IncomingMessage): Promise<StsAnswer> {
    const form = await textOf(incoming)
    const parameters = new Map(new URLSearchParams(form))
    const call: StsCall = { form, parameters, answer: undefined }
    this.calls.push(call)
    const answer = (await this.script?.(call)) ?? (await this.pass(call))
    call.answer = answer
    return answer
  }
}

async function passOn({ origin, ca }: SandboxSts, form: string): Promise<StsAnswer> {
  const outgoing = request(origin, {
    method: 'POST',
    agent: false,
    ca,
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
  })
  outgoing.end(form)
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
  return { status: answer.statusCode ?? 0, body: await textOf(answer) }
}

async function textOf(message: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of message) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString('utf8')
}
