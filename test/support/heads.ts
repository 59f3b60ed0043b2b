// Message heads for tests of the pure stations.

import type { HeaderLine, MessageHead } from '../../gateway/request/message.ts'

export function head(
  method: string,
  target: string,
  headers: readonly HeaderLine[] = [],
  host: string | undefined = 'gw.test',
): MessageHead {
  const lines: HeaderLine[] = host === undefined ? [] : [['Host', host]]
  return { method, target, version: '1.1', headers: [...lines, ...headers] }
}

export function scopeHeader(region: string, service: string): HeaderLine {
  const credential = `AKIDPLACEHOLDER/20261123/${region}/${service}/aws4_request`
  return [
    'Authorization',
    `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`,
  ]
}
