// Stands where the gateway stands in the demo, made of node:https, the `aws4` package and a token of
// the test issuer: so that the demo can be tested apart from what it demonstrates. It decides by one
// hard-wired rule and can be told to misbehave.

import { once } from 'node:events'
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http'
import { createServer, request as httpsRequest } from 'node:https'
import type { Server } from 'node:https'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { TLSSocket } from 'node:tls'
import type { StartGateway } from '../../gateway/demo/ports.ts'
import type { Misbehaviour } from './misbehaviour.ts'
import { signWithAws4 } from './aws4-signer.ts'
import type { Aws4Keys } from './aws4-signer.ts'
import { sendRaw, xmlText } from './raw-http.ts'
import { createTestIssuer } from './sandbox.ts'
import type { TestIssuer } from './sandbox.ts'
import { StandInBigQuery } from './stand-in-bigquery.ts'
import type { BigQueryVerdict } from './stand-in-bigquery.ts'

function configured(config: string, pattern: RegExp): string {
  return pattern.exec(config)?.[1] ?? ''
}

function operationOf(method: string, path: string): string {
  if (path.includes('uploads')) return 'CreateMultipartUpload'
  if (path.includes('partNumber=')) return 'UploadPart'
  if (path.includes('uploadId=')) return 'CompleteMultipartUpload'
  return method === 'PUT' ? 'PutObject' : 'GetObject'
}

async function assumeRole(
  origin: string,
  ca: string,
  issuer: TestIssuer,
  role: string,
): Promise<Aws4Keys> {
  const form = new URLSearchParams({
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: `arn:aws:iam::123456789012:role/agents-${role}`,
    RoleSessionName: role,
    WebIdentityToken: issuer.mint({
      claims: { sub: `spiffe://example.org/agent/acme/data-crew/${role}` },
    }),
  })
  const { body } = await sendRaw(origin, {
    method: 'POST',
    path: '/',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(form.toString().length),
    },
    body: form.toString(),
    ca,
  })
  return {
    accessKeyId: xmlText(body, 'AccessKeyId') ?? '',
    secretAccessKey: xmlText(body, 'SecretAccessKey') ?? '',
    sessionToken: xmlText(body, 'SessionToken') ?? '',
  }
}

function refuse(response: ServerResponse, status: number, code: string): void {
  const body = `<Error><Code>AccessDenied</Code><Message>${code}: refused</Message></Error>`
  response.writeHead(status, { 'content-type': 'application/xml', connection: 'close' })
  response.end(body)
}

async function listen(server: Server | HttpServer): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

class StandIn {
  readonly #misbehaviour: Misbehaviour
  readonly #s3Origin: string
  readonly #stsOrigin: string
  readonly #cloudCa: string
  readonly #records: string
  readonly #bigquery: StandInBigQuery
  readonly issuer: TestIssuer
  #count = 0

  constructor(config: string, dir: string, cloudCa: string, misbehaviour: Misbehaviour) {
    this.#misbehaviour = misbehaviour
    this.#s3Origin = configured(config, /upstream: "([^"]+)"/)
    this.#stsOrigin = configured(config, /endpoint: "([^"]+)"/)
    this.#cloudCa = cloudCa
    this.#records = join(dir, 'state', 'audit', 'audit-1.jsonl')
    this.issuer = createTestIssuer(Date.now, configured(config, /^ {2}url: (.+)$/m))
    this.#bigquery = new StandInBigQuery({
      stsOrigin: configured(config, /kind: gcp-workload-identity[^]*?endpoint: "([^"]+)"/),
      bigqueryOrigin: configured(config, /gcp_bigquery, upstream: "([^"]+)"/),
      s3Origin: this.#s3Origin,
      provider: configured(config, /provider: (\S+)/),
      ca: cloudCa,
      issuer: this.issuer,
      misbehaviour,
    })
  }

  async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const socket = incoming.socket
    const names =
      socket instanceof TLSSocket ? (socket.getPeerCertificate().subjectaltname ?? '') : ''
    const role = /URI:\S*\/(\w+)$/.exec(names)?.[1] ?? ''
    if (incoming.url?.startsWith('/gcp/bigquery/') === true) {
      await this.#bigquery.handle(incoming, response, role, (verdict) => {
        return this.#recordQuery(role, verdict)
      })
      return
    }
    const path = (incoming.url ?? '').slice('/aws/s3'.length)
    if (path.includes('?acl&tagging')) {
      refuse(response, 403, 'ERR_SG_OPERATION_AMBIGUOUS')
      return
    }
    const operation = operationOf(incoming.method ?? '', path)
    const isWrite = path.startsWith('/reports/2026/') && operation !== 'GetObject'
    const isAllowed = role === 'writer' && (isWrite || this.#misbehaviour.allowsReads === true)
    await this.#record(role, operation, isAllowed)
    if (!isAllowed && this.#misbehaviour.asksFirst !== true) {
      incoming.resume()
      refuse(response, 403, 'ERR_SG_DENIED')
      return
    }
    const answer = await this.#forward(incoming, path, role)
    if (isAllowed) {
      response.writeHead(answer.statusCode ?? 0, answer.headers)
      await pipeline(answer, response)
      return
    }
    answer.resume()
    refuse(response, 403, 'ERR_SG_DENIED')
  }

  async #record(role: string, operation: string, allow: boolean): Promise<void> {
    const facts = { operation: { name: `s3.${operation}` }, targets: [] }
    await this.#append(facts, allow, 'ERR_SG_DENIED', { name: 'aws-data', session: role })
  }

  async #recordQuery(role: string, verdict: BigQueryVerdict): Promise<void> {
    const { operation, allow, code, tables, bytes } = verdict
    const facts = {
      operation: { name: operation },
      targets: [],
      ...(bytes === 0 ? {} : { sql: { tables, estimated_bytes: bytes } }),
    }
    await this.#append(facts, allow, code, { name: 'gcp-data', session: role })
  }

  async #append(facts: object, allow: boolean, code: string, credential: object): Promise<void> {
    if (this.#misbehaviour.recordsNothing === true) return
    this.#count += 1
    const line = {
      type: 'decision',
      decision_id: String(this.#count),
      facts,
      result: allow ? { allow, reasons: ['writer_puts'] } : { allow, code, reasons: [] },
      ...(allow ? { credential } : {}),
    }
    await appendFile(this.#records, `${JSON.stringify(line)}\n`)
  }

  async #forward(incoming: IncomingMessage, path: string, role: string): Promise<IncomingMessage> {
    const headers: Record<string, string> = {}
    for (const [name, value] of Object.entries(incoming.headers)) {
      const isDropped = /^(?:authorization|host|x-amz-date|connection|expect|amz-sdk-.*)$/.test(
        name,
      )
      if (!isDropped && typeof value === 'string') headers[name] = value
    }
    const method = incoming.method ?? ''
    const signed = signWithAws4(
      {
        host: this.#s3Origin.replace('https://', ''),
        method,
        path,
        headers,
        service: 's3',
        region: 'eu-west-1',
        extraHeadersToIgnore: { 'transfer-encoding': true },
      },
      await assumeRole(this.#stsOrigin, this.#cloudCa, this.issuer, role),
    )
    const outgoing = httpsRequest(`${this.#s3Origin}${path}`, {
      method,
      ca: this.#cloudCa,
      agent: false,
      headers: signed.headers,
    })
    const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>
    await pipeline(incoming, outgoing)
    const [answer] = await answered
    return answer
  }
}

export function standInGateway(misbehaviour: Misbehaviour = {}): StartGateway {
  return async (config, dir) => {
    const auditDir = join(dir, 'state', 'audit')
    await mkdir(auditDir, { recursive: true })
    await writeFile(join(auditDir, 'audit-1.jsonl'), '')
    const cloudCa = await readFile(join(dir, 'cloud-ca.pem'), 'utf8')
    const standIn = new StandIn(config, dir, cloudCa, misbehaviour)
    const dataServer = createServer(
      {
        key: await readFile(join(dir, 'gateway.key.pem')),
        cert: await readFile(join(dir, 'gateway.pem')),
        ca: await readFile(join(dir, 'bundle.pem')),
        requestCert: true,
        rejectUnauthorized: misbehaviour.trustsAnyone !== true,
        minVersion: 'TLSv1.3',
      },
      (incoming, response) => {
        standIn.handle(incoming, response).catch(() => response.destroy())
      },
    )
    dataServer.on('clientError', (_error, socket) => {
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nERR_SG_REQUEST_FRAMING')
    })
    const { issuer } = standIn
    const issuerServer = createHttpServer((incoming, response) => {
      issuer.fetchJson(`${issuer.url}${incoming.url ?? ''}`).then(
        (document) => response.end(JSON.stringify(document)),
        () => response.writeHead(404).end(),
      )
    })
    return {
      dataOrigin: `https://127.0.0.1:${await listen(dataServer)}`,
      issuerOrigin: `http://127.0.0.1:${await listen(issuerServer)}`,
      close: async () => {
        for (const server of [dataServer, issuerServer]) {
          server.close()
          server.closeAllConnections()
          await once(server, 'close')
        }
      },
    }
  }
}
