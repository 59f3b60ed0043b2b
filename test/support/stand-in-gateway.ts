// Stands where the gateway stands in the demo, made of node:https, the `aws4` package and a token of
// the test issuer: so that the demo can be tested apart from what it demonstrates. It decides by one
// hard-wired rule and can be told to misbehave.

import { once } from 'node:events'
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, request as httpsRequest } from 'node:https'
import type { Server } from 'node:https'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import type { StartGateway } from '../../gateway/demo/ports.ts'
import { signWithAws4 } from './aws4-signer.ts'
import type { Aws4Keys } from './aws4-signer.ts'
import { xmlText } from './raw-http.ts'
import { createTestIssuer } from './sandbox.ts'
import type { TestIssuer } from './sandbox.ts'

export interface Misbehaviour {
  /** Lets the writer read. */
  readonly allowsReads?: boolean
  /** Lets everything pass to the cloud before it refuses. */
  readonly asksFirst?: boolean
  /** Takes any client certificate. */
  readonly trustsAnyone?: boolean
  /** Writes no records. */
  readonly recordsNothing?: boolean
}

function configured(config: string, pattern: RegExp): string {
  return pattern.exec(config)?.[1] ?? ''
}

function operationOf(method: string, path: string): string {
  if (path.includes('uploads')) return 'CreateMultipartUpload'
  if (path.includes('partNumber=')) return 'UploadPart'
  if (path.includes('uploadId=')) return 'CompleteMultipartUpload'
  return method === 'PUT' ? 'PutObject' : 'GetObject'
}

async function assumeRole(origin: string, issuer: TestIssuer, role: string): Promise<Aws4Keys> {
  const sub = `spiffe://example.org/agent/acme/data-crew/${role}`
  const body = new URLSearchParams({
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: `arn:aws:iam::123456789012:role/agents-${role}`,
    RoleSessionName: role,
    WebIdentityToken: issuer.mint({ claims: { sub } }),
  })
  const text = await (await fetch(`${origin}/`, { method: 'POST', body })).text()
  return {
    accessKeyId: xmlText(text, 'AccessKeyId') ?? '',
    secretAccessKey: xmlText(text, 'SecretAccessKey') ?? '',
    sessionToken: xmlText(text, 'SessionToken') ?? '',
  }
}

function refuse(response: ServerResponse, status: number, code: string): void {
  const body = `<Error><Code>AccessDenied</Code><Message>${code}: refused</Message></Error>`
  response.writeHead(status, { 'content-type': 'application/xml', connection: 'close' })
  response.end(body)
}

export function standInGateway(misbehaviour: Misbehaviour = {}): StartGateway {
  return async (config, dir) => {
    const s3Origin = configured(config, /upstream: "([^"]+)"/)
    const stsOrigin = configured(config, /endpoint: "([^"]+)"/)
    const issuer = createTestIssuer(Date.now, configured(config, /^ {2}url: (.+)$/m))
    const cloudCa = await readFile(join(dir, 'cloud-ca.pem'), 'utf8')
    const auditDir = join(dir, 'state', 'audit')
    await mkdir(auditDir, { recursive: true })
    await writeFile(join(auditDir, 'audit-1.jsonl'), '')
    let count = 0
    const record = async (role: string, operation: string, allow: boolean): Promise<void> => {
      if (misbehaviour.recordsNothing === true) return
      count += 1
      const line = {
        type: 'decision',
        decision_id: String(count),
        facts: { operation: { name: `s3.${operation}` }, targets: [] },
        result: allow
          ? { allow, reasons: ['writer_puts'] }
          : { allow, code: 'ERR_SG_DENIED', reasons: [] },
        ...(allow ? { credential: { name: 'aws-data', session: role } } : {}),
      }
      await appendFile(join(auditDir, 'audit-1.jsonl'), `${JSON.stringify(line)}\n`)
    }
    const forward = async (
      incoming: IncomingMessage,
      path: string,
      role: string,
    ): Promise<IncomingMessage> => {
      const headers: Record<string, string> = {}
      for (const [name, value] of Object.entries(incoming.headers)) {
        const isKept = !/^(?:authorization|host|x-amz-date|connection|expect|amz-sdk-.*)$/.test(
          name,
        )
        if (isKept && typeof value === 'string') headers[name] = value
      }
      const [, host = ''] = /^https:\/\/(.+)$/.exec(s3Origin) ?? []
      const method = incoming.method ?? ''
      const signed = signWithAws4(
        {
          host,
          method,
          path,
          headers,
          service: 's3',
          region: 'eu-west-1',
          extraHeadersToIgnore: { 'transfer-encoding': true },
        },
        await assumeRole(stsOrigin, issuer, role),
      )
      const outgoing = httpsRequest(`${s3Origin}${path}`, {
        method,
        ca: cloudCa,
        agent: false,
        headers: signed.headers,
      })
      for await (const chunk of incoming) outgoing.write(chunk)
      outgoing.end()
      const [answer] = (await once(outgoing, 'response')) as [IncomingMessage]
      return answer
    }
    const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
      const socket = incoming.socket as TLSSocket
      const role =
        /URI:\S*\/(\w+)$/.exec(socket.getPeerCertificate().subjectaltname ?? '')?.[1] ?? ''
      const path = (incoming.url ?? '').slice('/aws/s3'.length)
      if (path.includes('?acl&tagging')) {
        refuse(response, 403, 'ERR_SG_OPERATION_AMBIGUOUS')
        return
      }
      const operation = operationOf(incoming.method ?? '', path)
      const isWrite =
        role === 'writer' && path.startsWith('/reports/2026/') && operation !== 'GetObject'
      const isAllowed = isWrite || (misbehaviour.allowsReads === true && role === 'writer')
      await record(role, operation, isAllowed)
      if (isAllowed || misbehaviour.asksFirst === true) {
        const answer = await forward(incoming, path, role)
        if (isAllowed) {
          response.writeHead(answer.statusCode ?? 0, answer.headers)
          for await (const chunk of answer) response.write(chunk)
          response.end()
          return
        }
        answer.resume()
      } else incoming.resume()
      refuse(response, 403, 'ERR_SG_DENIED')
    }
    const dataServer: Server = createServer(
      {
        key: await readFile(join(dir, 'gateway.key.pem')),
        cert: await readFile(join(dir, 'gateway.pem')),
        ca: await readFile(join(dir, 'bundle.pem')),
        requestCert: true,
        rejectUnauthorized: misbehaviour.trustsAnyone !== true,
        minVersion: 'TLSv1.3',
      },
      (incoming, response) => {
        handle(incoming, response).catch(() => response.destroy())
      },
    )
    dataServer.on('clientError', (_error, socket) => {
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nERR_SG_REQUEST_FRAMING')
    })
    const issuerServer = createHttpServer((incoming, response) => {
      issuer.fetchJson(`${issuer.url}${incoming.url ?? ''}`).then(
        (document) => response.end(JSON.stringify(document)),
        () => response.writeHead(404).end(),
      )
    })
    const ports: number[] = []
    for (const server of [dataServer, issuerServer]) {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const address = server.address()
      ports.push(typeof address === 'object' && address !== null ? address.port : 0)
    }
    return {
      dataOrigin: `https://127.0.0.1:${ports[0]}`,
      issuerOrigin: `http://127.0.0.1:${ports[1]}`,
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
