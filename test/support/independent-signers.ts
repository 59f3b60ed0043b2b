// Two signers by others, asked for the Authorization header of a request that is spelled exactly
// as the gateway would send it.

import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import aws4 from 'aws4'

export interface SignerInput {
  readonly method: string
  readonly authority: string
  /** On the wire. */
  readonly path: string
  /** Decoded. */
  readonly query: readonly (readonly [name: string, value: string])[]
  readonly headers: Readonly<Record<string, string>>
  readonly contentSha256: string
  readonly region: string
  readonly service: string
  readonly now: number
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
}

class NodeSha256 {
  #hash: Hash | Hmac
  readonly #key: Uint8Array | string | undefined

  constructor(key?: Uint8Array | string | ArrayBuffer | ArrayBufferView) {
    this.#key = key instanceof Uint8Array || typeof key === 'string' ? key : undefined
    this.#hash = this.#start()
  }

  #start(): Hash | Hmac {
    return this.#key === undefined ? createHash('sha256') : createHmac('sha256', this.#key)
  }

  update(data: Uint8Array | string): void {
    this.#hash.update(data)
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest())
  }

  reset(): void {
    this.#hash = this.#start()
  }
}

function strict(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** `a b/c` → `a%20b/c`, the way every SDK spells an S3 key. */
export function encodeKey(key: string): string {
  return key.split('/').map(strict).join('/')
}

export async function smithyAuthorization(input: SignerInput): Promise<string> {
  const bag: Record<string, string | string[]> = {}
  for (const [name, value] of input.query) {
    const known = bag[name]
    bag[name] = known === undefined ? value : [known, value].flat()
  }
  const signer = new SignatureV4({
    service: input.service,
    region: input.region,
    credentials: {
      accessKeyId: input.accessKeyId,
      secretAccessKey: input.secretAccessKey,
      sessionToken: input.sessionToken,
    },
    sha256: NodeSha256,
    uriEscapePath: input.service !== 's3',
    applyChecksum: false,
  })
  const [hostname = '', port] = input.authority.split(':')
  const signed = await signer.sign(
    {
      method: input.method,
      protocol: 'https:',
      hostname,
      ...(port === undefined ? {} : { port: Number(port) }),
      path: input.path,
      query: bag,
      headers: {
        ...input.headers,
        host: input.authority,
        'x-amz-content-sha256': input.contentSha256,
      },
    },
    { signingDate: new Date(input.now) },
  )
  return signed.headers['authorization'] ?? ''
}

export function aws4Authorization(input: SignerInput): string {
  const query = input.query.map(([name, value]) => `${strict(name)}=${strict(value)}`).join('&')
  const signed = aws4.sign(
    {
      service: input.service,
      region: input.region,
      host: input.authority,
      method: input.method,
      path: query === '' ? input.path : `${input.path}?${query}`,
      headers: {
        ...input.headers,
        Host: input.authority,
        'X-Amz-Content-Sha256': input.contentSha256,
        'X-Amz-Date': new Date(input.now).toISOString().replace(/[:-]|\.\d{3}/g, ''),
      },
    },
    {
      accessKeyId: input.accessKeyId,
      secretAccessKey: input.secretAccessKey,
      sessionToken: input.sessionToken,
    },
  )
  return String(signed.headers['Authorization'])
}
