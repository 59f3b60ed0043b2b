// Signs a bundle as `opa sign` does (openpolicyagent.org, "Bundles", signing), with ES256, for tests
// that need a signed bundle and have no OPA. test/real/docs-opa.test.ts does the same with OPA.

import { createHash, createSign, generateKeyPairSync } from 'node:crypto'
import { hashJson } from '../../gateway/policy/bundle/structured-hash.ts'
import { readTarGz } from '../../gateway/policy/bundle/tar-archive.ts'
import { parseStrictJson } from '../../gateway/util/json.ts'
import { tarGz } from './tar.ts'

export interface SignedBundle {
  readonly bytes: Buffer
  readonly publicKeyPem: string
}

export function signBundle(bundle: Buffer): SignedBundle {
  const archive = readTarGz(bundle)
  if (!archive.ok) throw new TypeError(archive.error)
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const files = [...archive.value].map(([name, content]) => ({
    name,
    hash: hashOf(name, content),
    algorithm: 'SHA-256',
  }))
  const signed = [{ alg: 'ES256', typ: 'JWT' }, { files }].map(base64url).join('.')
  const signature = createSign('sha256')
    .update(signed)
    .sign({ key: privateKey, dsaEncoding: 'ieee-p1363' }, 'base64url')
  const signatures = JSON.stringify({ signatures: [`${signed}.${signature}`] })
  return {
    bytes: tarGz([
      ...[...archive.value].map(([name, content]) => ({ name, content })),
      { name: '.signatures.json', content: signatures },
    ]),
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }
}

function hashOf(name: string, content: Buffer): string {
  const hash = createHash('sha256')
  if (!/(?:^|\/)(?:\.manifest|data\.json)$/.test(name)) return hash.update(content).digest('hex')
  const parsed = parseStrictJson(content.toString(), { maxDepth: 64 })
  if (!parsed.ok) throw new TypeError(`${name}: ${parsed.error.reason}`)
  hashJson(hash, parsed.value)
  return hash.digest('hex')
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
