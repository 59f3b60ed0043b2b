// A sandbox cloud for tests, with an OIDC issuer of its own made from node:crypto alone, so that
// neither shares code with the gateway's issuer or signer.

import { createSign, generateKeyPairSync, randomUUID } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import forge from 'node-forge'
import { createSandboxAws } from '../../gateway/demo/sandbox-aws.ts'
import type { SandboxAws, SandboxAwsOptions } from '../../gateway/demo/sandbox-aws.ts'

export const ACCOUNT = '123456789012'
export const AUDIENCE = 'sts.amazonaws.com'
export const REGION = 'eu-west-1'
export const WRITER_ROLE = `arn:aws:iam::${ACCOUNT}:role/agents-writer`
export const READER_ROLE = `arn:aws:iam::${ACCOUNT}:role/agents-reader`
export const WRITER_ID = 'spiffe://example.org/agent/acme/data-crew/writer'
export const ISSUER_URL = 'https://oidc.example.org'

export const SANDBOX_ROLES: SandboxAwsOptions['roles'] = [
  {
    arn: WRITER_ROLE,
    trust: {
      audience: AUDIENCE,
      subjects: ['spiffe://example.org/agent/acme/*/writer'],
      maxSessionSeconds: 3600,
    },
    policy: {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: 's3:*',
          Resource: ['arn:aws:s3:::reports', 'arn:aws:s3:::reports/*', 'arn:aws:s3:::foreign/*'],
        },
        { Effect: 'Allow', Action: 's3:ListAllMyBuckets', Resource: '*' },
        { Effect: 'Deny', Action: '*', Resource: 'arn:aws:s3:::reports/sealed/*' },
      ],
    },
  },
  {
    arn: READER_ROLE,
    trust: {
      audience: 'another-audience',
      subjects: ['spiffe://example.org/agent/acme/*/reader'],
      maxSessionSeconds: 3600,
    },
    policy: {
      Version: '2012-10-17',
      Statement: { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::reports/*' },
    },
  },
]

export const SANDBOX_BUCKETS: SandboxAwsOptions['buckets'] = [
  {
    name: 'reports',
    owner: ACCOUNT,
    objects: [
      { key: '2026/seeded.csv', content: 'a,b\n1,2\n' },
      { key: 'big/synthetic.bin', content: { syntheticBytes: 1024 ** 3 } },
    ],
  },
  { name: 'foreign', owner: '999999999999', objects: [{ key: 'theirs.txt', content: 'theirs' }] },
]

/** A self-signed certificate for the loopback names, and itself as CA. */
export function selfSignedCertificate(): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.publicKeyFromPem(
    publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  )
  certificate.serialNumber = '01'
  certificate.validity.notBefore = new Date(Date.now() - 60_000)
  certificate.validity.notAfter = new Date(Date.now() + 3_600_000)
  const name = [{ name: 'commonName', value: 'sandbox' }]
  certificate.setSubject(name)
  certificate.setIssuer(name)
  certificate.setExtensions([
    { name: 'basicConstraints', cA: true },
    {
      name: 'subjectAltName',
      altNames: [
        { type: 2, value: 'localhost' },
        { type: 7, ip: '127.0.0.1' },
      ],
    },
  ])
  certificate.sign(forge.pki.privateKeyFromPem(key), forge.md.sha256.create())
  return { key, cert: forge.pki.certificateToPem(certificate) }
}

export interface TestIssuer {
  readonly url: string
  /** How often each document was asked for. */
  readonly fetched: Map<string, number>
  fetchJson(url: string): Promise<unknown>
  mint(changes?: TokenChanges): string
  rotate(): void
}

export interface TokenChanges {
  readonly header?: Readonly<Record<string, unknown>>
  readonly claims?: Readonly<Record<string, unknown>>
  readonly key?: KeyObject
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** Members whose change is `undefined` are left out of the token. */
export function createTestIssuer(now: () => number, url = ISSUER_URL): TestIssuer {
  let kid = 'key-1'
  let pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const fetched = new Map<string, number>()
  return {
    url,
    fetched,
    fetchJson: async (asked) => {
      fetched.set(asked, (fetched.get(asked) ?? 0) + 1)
      if (asked === `${url}/.well-known/openid-configuration`) {
        return { issuer: url, jwks_uri: `${url}/keys` }
      }
      if (asked !== `${url}/keys`) throw new Error(`404 ${asked}`)
      const jwk = pair.publicKey.export({ format: 'jwk' })
      return { keys: [{ ...jwk, kid, use: 'sig', alg: 'RS256' }] }
    },
    mint: (changes = {}) => {
      const seconds = Math.floor(now() / 1000)
      const header = { alg: 'RS256', kid, typ: 'JWT', ...changes.header }
      const claims = {
        iss: url,
        sub: WRITER_ID,
        aud: AUDIENCE,
        iat: seconds - 5,
        nbf: seconds - 5,
        exp: seconds + 240,
        jti: randomUUID(),
        ...changes.claims,
      }
      const signed = `${base64url(header)}.${base64url(claims)}`
      const key = changes.key ?? pair.privateKey
      const signature = createSign('RSA-SHA256').update(signed).sign(key)
      return `${signed}.${signature.toString('base64url')}`
    },
    rotate: () => {
      kid = 'key-2'
      pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
    },
  }
}

/** A sandbox with the roles and buckets above. The caller closes it. */
export async function startSandbox(
  changes: Partial<SandboxAwsOptions> = {},
): Promise<{ sandbox: SandboxAws; issuer: TestIssuer }> {
  const now = changes.now ?? Date.now
  const issuer = createTestIssuer(now)
  const sandbox = await createSandboxAws({
    now,
    issuerUrl: issuer.url,
    fetchJson: (url) => issuer.fetchJson(url),
    roles: SANDBOX_ROLES,
    buckets: SANDBOX_BUCKETS,
    region: REGION,
    ...changes,
  })
  return { sandbox, issuer }
}
