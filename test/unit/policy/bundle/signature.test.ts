// The signed bundles were made by OPA 1.22.2 (`opa build --signing-key`); test/real/opa.test.ts
// makes fresh ones with other algorithms.

import { createHash, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import t from 'tap'
import {
  type BundleKeys,
  makeBundleKey,
  verifyBundleSignature,
} from '../../../../gateway/policy/bundle/signature.ts'
import { type Archive, readTarGz } from '../../../../gateway/policy/bundle/tar-archive.ts'
import { repositoryFile } from '../../../support/policy.ts'

async function fixture(
  algorithm: 'RS256' | 'ES256',
): Promise<{ archive: Archive; keys: BundleKeys }> {
  const name = `test/fixtures/bundles/signed-${algorithm.toLowerCase()}`
  const archive = readTarGz(await repositoryFile(`${name}.tar.gz`))
  if (!archive.ok) throw new Error(archive.error)
  const pem = (await repositoryFile(`${name}.pub.pem`)).toString()
  return { archive: archive.value, keys: new Map([['main', makeBundleKey(pem, algorithm)]]) }
}

function verdict(archive: Archive, keys: BundleKeys): string {
  const result = verifyBundleSignature(archive, keys)
  return result.ok ? `ok ${result.value.keyId}` : result.error.message
}

function changed(archive: Archive, name: string, content: string | undefined): Archive {
  const copy = new Map(archive)
  if (content === undefined) copy.delete(name)
  else copy.set(name, Buffer.from(content))
  return copy
}

t.test('signatures made by OPA are verified, numbers and escapes as it hashes them', async (t) => {
  for (const algorithm of ['RS256', 'ES256'] as const) {
    const { archive, keys } = await fixture(algorithm)
    t.equal(verdict(archive, keys), 'ok main', algorithm)
  }
})

t.test(
  'white space and order of keys of a JSON file do not count, anything else does',
  async (t) => {
    const { archive, keys } = await fixture('RS256')
    const data = archive.get('data.json')?.toString() ?? ''
    t.equal(verdict(changed(archive, 'data.json', data.replaceAll(',"', ' , "')), keys), 'ok main')
    for (const [from, to] of [
      ['1.0', '1'],
      ['1e3', '1000'],
      ['0.10', '0.1'],
      ['12345678901234567890', '12345678901234567891'],
      ['-0', '0'],
      ['"b":[]', '"b":{}'],
      ['é', 'e'],
    ] as const) {
      t.ok(data.includes(from), from)
      t.match(verdict(changed(archive, 'data.json', data.replace(from, to)), keys), /digest/, from)
    }
  },
)

t.test('every file must be listed, and every listed file there and unchanged', async (t) => {
  const { archive, keys } = await fixture('ES256')
  t.match(verdict(changed(archive, 'extra.rego', 'package x'), keys), /not covered/)
  t.match(verdict(changed(archive, 'data.json', undefined), keys), /not in the bundle/)
  t.match(
    verdict(changed(archive, 'policy.wasm', 'other'), keys),
    /policy\.wasm has another digest/,
  )
  t.match(verdict(changed(archive, '.manifest', '{"roots":["x"]}'), keys), /digest/)
  t.match(verdict(changed(archive, 'data.json', '{'), keys), /digest/)
  t.match(verdict(changed(archive, '.signatures.json', undefined), keys), /exactly one token/)
})

t.test('a key that did not sign refuses, of whatever kind it is', async (t) => {
  const { archive, keys } = await fixture('RS256')
  const { keys: others } = await fixture('ES256')
  t.match(verdict(archive, others), /no configured key/)
  t.match(verdict(archive, new Map()), /no configured key/)
  const both = new Map([...others, ['second', keys.get('main') ?? fail()]])
  t.equal(
    verdict(archive, new Map([['other', others.get('main') ?? fail()], ...both])),
    'ok second',
  )
})

function fail(): never {
  throw new Error('no key')
}

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
const publicPem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()

interface Forgery {
  readonly header?: Record<string, unknown>
  readonly payload?: Record<string, unknown>
  readonly tokens?: (token: string) => unknown
}

const CONTENT = Buffer.from('package p')

/** An archive of one file with a token of our own making. */
function forged({ header, payload, tokens }: Forgery = {}): Archive {
  const encode = (value: unknown): string =>
    Buffer.from(JSON.stringify(value)).toString('base64url')
  const hash = createHash('sha256').update(CONTENT).digest('hex')
  const files = [{ name: 'p.rego', hash, algorithm: 'SHA-256' }]
  const signed = `${encode({ alg: 'RS256', ...header })}.${encode({ files, ...payload })}`
  const key = createPrivateKey(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const token = `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`
  const document = tokens === undefined ? { signatures: [token] } : tokens(token)
  return new Map([
    ['p.rego', CONTENT],
    ['.signatures.json', Buffer.from(JSON.stringify(document))],
  ])
}

const own: BundleKeys = new Map([['own', makeBundleKey(publicPem, 'RS256')]])

t.test('the algorithm is the configured one, not the one that the token names', (t) => {
  t.equal(verdict(forged(), own), 'ok own')
  for (const alg of ['none', 'HS256', 'RS512', 'ES256']) {
    t.equal(verdict(forged({ header: { alg } }), own), 'ok own', `header says ${alg}`)
  }
  const asPss = new Map([['own', makeBundleKey(publicPem, 'PS256')]])
  t.match(verdict(forged(), asPss), /no configured key/, 'configured as PS256')
  const asRs512 = new Map([['own', makeBundleKey(publicPem, 'RS512')]])
  t.match(verdict(forged(), asRs512), /no configured key/, 'configured as RS512')
  t.end()
})

t.test('a key id picks its key, and one that is unknown picks none', (t) => {
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey
  const pem = other.export({ type: 'spki', format: 'pem' }).toString()
  const keys: BundleKeys = new Map([...own, ['other', makeBundleKey(pem, 'RS256')]])
  t.equal(verdict(forged({ header: { kid: 'own' } }), keys), 'ok own')
  t.equal(verdict(forged({ header: { kid: 'default' } }), keys), 'ok own')
  t.match(verdict(forged({ header: { kid: 'other' } }), keys), /no configured key/)
  t.match(verdict(forged({ payload: { keyid: 'other' } }), keys), /no configured key/)
  t.match(verdict(forged({ header: { kid: 1 } }), keys), /not a text/)
  t.end()
})

t.test('scope must be exactly the configured one', (t) => {
  const scoped: BundleKeys = new Map([['own', makeBundleKey(publicPem, 'RS256', 'prod')]])
  t.match(verdict(forged(), scoped), /scope/)
  t.match(verdict(forged({ payload: { scope: 'test' } }), scoped), /scope/)
  t.equal(verdict(forged({ payload: { scope: 'prod' } }), scoped), 'ok own')
  t.match(verdict(forged({ payload: { scope: 'prod' } }), own), /scope/)
  t.match(verdict(forged({ payload: { scope: null } }), own), /scope|ok/)
  t.end()
})

t.test('weak or unknown digests and odd lists are refused', (t) => {
  const md5 = createHash('md5').update(CONTENT).digest('hex')
  const sha1 = createHash('sha1').update(CONTENT).digest('hex')
  const sha256 = createHash('sha256').update(CONTENT).digest('hex')
  const entry = { name: 'p.rego', hash: sha256, algorithm: 'SHA-256' }
  const lists: readonly unknown[] = [
    undefined,
    null,
    {},
    [],
    ['p.rego'],
    [{ ...entry, hash: md5, algorithm: 'MD5' }],
    [{ ...entry, hash: sha1, algorithm: 'SHA-1' }],
    [{ ...entry, algorithm: '' }],
    [{ ...entry, algorithm: 'sha256' }],
    [{ name: 'p.rego', hash: sha256 }],
    [{ ...entry, hash: '' }],
    [{ ...entry, hash: 1 }],
    [entry, entry],
    [entry, { ...entry, name: 'missing.rego' }],
    [{ ...entry, name: '../p.rego' }],
  ]
  for (const files of lists) {
    t.notMatch(verdict(forged({ payload: { files } }), own), /^ok/, JSON.stringify(files))
  }
  const upper = { ...entry, hash: sha256.toUpperCase(), name: '/p.rego' }
  t.equal(verdict(forged({ payload: { files: [upper] } }), own), 'ok own')
  t.end()
})

t.test('exactly one token, no plug-in, nothing malformed', (t) => {
  const documents: readonly ((token: string) => unknown)[] = [
    () => ({}),
    () => ({ signatures: [] }),
    (token) => ({ signatures: [token, token] }),
    (token) => ({ signatures: token }),
    () => ({ signatures: [1] }),
    (token) => ({ signatures: [token], plugin: 'custom' }),
    (token) => ({ signatures: [token.slice(0, token.lastIndexOf('.'))] }),
    (token) => ({ signatures: [`${token}.x`] }),
    (token) => ({ signatures: [`${token}=`] }),
    (token) => ({ signatures: [token.slice(0, -4)] }),
    (token) => ({ signatures: [token.replace('.', '.AAAA')] }),
    () => ({ signatures: ['e30.e30.'] }),
    () => [],
    () => null,
  ]
  for (const [index, tokens] of documents.entries()) {
    t.notMatch(verdict(forged({ tokens }), own), /^ok/, `document ${String(index)}`)
  }
  t.equal(
    verdict(forged({ tokens: (token) => ({ signatures: [token], plugin: '_default' }) }), own),
    'ok own',
  )
  t.end()
})

t.test('a key that its algorithm cannot use is a mistake of the configuration', (t) => {
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
  const curve = generateKeyPairSync('ec', { namedCurve: 'secp384r1' }).publicKey
  const edwards = generateKeyPairSync('ed25519').publicKey
  const pem = (key: typeof small): string => key.export({ type: 'spki', format: 'pem' }).toString()
  t.throws(() => makeBundleKey(pem(small), 'RS256'), TypeError)
  t.throws(() => makeBundleKey(pem(curve), 'ES256'), TypeError)
  t.throws(() => makeBundleKey(pem(curve), 'RS256'), TypeError)
  t.throws(() => makeBundleKey(pem(edwards), 'ES256'), TypeError)
  t.throws(() => makeBundleKey(publicPem, 'ES256'), TypeError)
  t.doesNotThrow(() => makeBundleKey(pem(curve), 'ES384'))
  t.end()
})
