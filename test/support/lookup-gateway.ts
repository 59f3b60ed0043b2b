// A whole gateway with the shipped policy before Google's STS and BigQuery: a researcher who reads
// acme-data.sales, real sockets and records, time by hand.

import type { Test } from 'tap'
import { getJson } from '../../gateway/demo/get-json.ts'
import type { BigQueryRequest } from './bigquery.ts'
import { FakeBigQuery } from './fake-bigquery.ts'
import { FakeGcpSts } from './fake-gcp-sts.ts'
import { ManualTime } from './manual-time.ts'
import { RawConnection, type RawAnswer } from './raw-connection.ts'
import { startTestGateway, type TestGateway } from './running-gateway.ts'

const PROVIDER = 'projects/123/locations/global/workloadIdentityPools/agents/providers/svidgate'
const ISSUER = 'https://oidc.example.org'
export const SELECT = 'SELECT SUM(amount) FROM `acme-data`.sales.orders'

export interface LookupGateway {
  readonly test: TestGateway
  readonly sts: FakeGcpSts
  readonly cloud: FakeBigQuery
  readonly time: ManualTime
  send(role: string, request: BigQueryRequest): Promise<RawAnswer>
}

export async function lookupGateway(t: Test, lookupsPerSecond = 10): Promise<LookupGateway> {
  const time = new ManualTime()
  const cloud = new FakeBigQuery()
  let issuerOrigin = ''
  const sts = await FakeGcpSts.start({
    providers: [
      {
        name: `//iam.googleapis.com/${PROVIDER}`,
        issuer: ISSUER,
        audiences: [],
        condition: () => true,
      },
    ],
    now: () => time.now(),
    fetchJson: (url) => getJson(issuerOrigin + url.slice(ISSUER.length)),
  })
  const test = await startTestGateway({
    clock: { now: () => time.now() },
    s3Server: cloud.start,
    config: (text) => configured(text, sts.origin, lookupsPerSecond),
  })
  issuerOrigin = `http://127.0.0.1:${String(test.gateway.listeners.issuerPort)}`
  t.teardown(async () => {
    await test.close()
    await sts.close()
  })
  const send = async (role: string, { head, body }: BigQueryRequest): Promise<RawAnswer> => {
    const connection = new RawConnection(await test.connect(test.svid(role)))
    connection.write(wire(head, body))
    const answer = await connection.answer()
    connection.socket.destroy()
    return answer
  }
  return { test, sts, cloud, time, send }
}

function configured(text: string, stsOrigin: string, lookupsPerSecond: number): string {
  const origin = /service: aws_s3, upstream: ("[^"]*")/.exec(text)?.[1] ?? ''
  const credential = `  gcp-data:
    kind: gcp-workload-identity
    provider: ${PROVIDER}
    scopes: [https://www.googleapis.com/auth/bigquery]
    endpoint: ${stsOrigin}
    impersonationEndpoint: ${stsOrigin}`
  const binding =
    '  - { service: gcp_bigquery, subject: "spiffe://example.org/agent/acme/*/*", credentials: [gcp-data] }'
  const route = `  - { service: gcp_bigquery, upstream: ${origin}, tls: { ca: ./cloud-ca.pem } }`
  return text
    .replace('\nbindings:\n', `\n${credential}\nbindings:\n${binding}\n`)
    .replace('\nroutes:\n', `\nroutes:\n${route}\n`)
    .concat(`limits: { perIdentity: { lookupsPerSecond: ${String(lookupsPerSecond)} } }\n`)
}

export function wire({ method, target, headers }: BigQueryRequest['head'], body: Buffer): Buffer {
  const lines = headers.map(([name, value]) => `${name}: ${value}`)
  return Buffer.concat([
    Buffer.from([`${method} ${target} HTTP/1.1`, ...lines, '', ''].join('\r\n')),
    body,
  ])
}
