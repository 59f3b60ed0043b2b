// Signs with the `aws4` package: a signer that svidgate did not write.

import { createRequire } from 'node:module'

export interface Aws4Request {
  host: string
  path: string
  method: string
  headers: Record<string, string>
  service: string
  region: string
  body?: string | Buffer
  /** Lower-case names that are sent but not signed. */
  extraHeadersToIgnore?: Record<string, true>
}

interface Aws4 {
  sign(request: Aws4Request, keys: Readonly<Record<string, string>>): Aws4Request
}

function loadAws4(): Aws4 {
  const loaded: unknown = createRequire(import.meta.url)('aws4')
  if (typeof loaded !== 'object' || loaded === null || !('sign' in loaded)) {
    throw new TypeError('the aws4 package has no sign()')
  }
  return loaded as Aws4
}

const aws4 = loadAws4()

export interface Aws4Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
}

export function signWithAws4(request: Aws4Request, keys: Aws4Keys): Aws4Request {
  const { accessKeyId, secretAccessKey, sessionToken } = keys
  return aws4.sign(request, { accessKeyId, secretAccessKey, sessionToken })
}
