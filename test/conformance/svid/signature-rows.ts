// Signatures of every kind along a path; the finer points of keys are in key-rows.ts.

import { generateKeyPairSync } from 'node:crypto'
import { ALGORITHMS, ecKey, ed25519Key, makeCa, makeLeaf, rsaKey } from '../../support/ca.ts'
import type { TestCertificate } from '../../support/ca.ts'
import { OID, bits, hex, seq, tlv } from '../../support/der.ts'
import { trust } from '../../support/trust.ts'
import { through } from './chains.ts'
import type { Chain } from './chains.ts'
import { ID, accept, ca, leaf, reject } from './row.ts'
import type { AcceptRow, RejectRow } from './row.ts'

const namesake = makeCa('Example CA')
const rsaKeys = rsaKey()

const p384 = ecKey('P-384')

const p521 = ecKey('P-521')

const ed = ed25519Key()

const smallKey = rsaKey(1024)

const oddCurve = ecKey('secp256k1')

const algorithmAccepts = (
  [
    ['rsa-sha256', 'rsaSha256', rsaKeys],
    ['rsa-sha384', 'rsaSha384', rsaKeys],
    ['rsa-sha512', 'rsaSha512', rsaKeys],
    ['p384-sha384', 'ecdsaSha384', p384],
    ['p521-sha512', 'ecdsaSha512', p521],
    ['ed25519', 'ed25519', ed],
  ] as const
).map(([name, algorithm, keys]) => {
  const root = makeCa('Other kind', { keys, algorithm: ALGORITHMS[algorithm] })
  return accept(
    `XV+b/${name}`,
    `signed with ${name}`,
    [makeLeaf(root, ID, { algorithm: ALGORITHMS[algorithm] })],
    { bundles: trust({ 'example.org': [root] }) },
  )
})

export const signatureAccepts: readonly AcceptRow[] = [...algorithmAccepts]

export const signatureRejects: readonly RejectRow[] = [
  reject('XV+b6/sha1-leaf', 'a leaf signed over SHA-1', 'XV+b6', [
    makeLeaf(ca, ID, { algorithm: ALGORITHMS.ecdsaSha1 }),
  ]),
  reject(
    'XV+b6/sha1-intermediate',
    'an intermediate signed over SHA-1',
    'XV+b6',
    through({ algorithm: ALGORITHMS.ecdsaSha1 }),
    { control: through({}) },
  ),
  ...(['rsaSha1', 'rsaMd5'] as const).map((name) => {
    const root = makeCa('RSA root', { keys: rsaKeys, algorithm: ALGORITHMS.rsaSha256 })
    return reject(
      `XV+b6/${name}`,
      `signed with ${name}`,
      'XV+b6',
      [makeLeaf(root, ID, { algorithm: ALGORITHMS[name] })],
      {
        bundles: trust({ 'example.org': [root] }),
        control: [makeLeaf(root, ID, { algorithm: ALGORITHMS.rsaSha256 })],
      },
    )
  }),
  reject(
    'XV+b7/rsa-1024-leaf',
    'an SVID with a key of RSA 1024',
    'XV+b7',
    [makeLeaf(ca, ID, { keys: smallKey })],
    { control: [makeLeaf(ca, ID, { keys: rsaKeys })] },
  ),
  reject(
    'XV+b7/rsa-1024-intermediate',
    'an intermediate with a key of RSA 1024',
    'XV+b7',
    smallIntermediate(),
    { control: through({}) },
  ),
  reject(
    'XV+b7/rsa-9216',
    'an SVID with a key of RSA 9216',
    'XV+b7',
    [makeLeaf(ca, ID, { spki: rsaSpki(9216) })],
    {
      control: [makeLeaf(ca, ID, { spki: rsaSpki(8192) })],
    },
  ),
  reject('XV+b7/x25519', 'an SVID with a key that cannot sign', 'XV+b7', [
    makeLeaf(ca, ID, { keys: generateKeyPairSync('x25519') }),
  ]),
  reject('XV+b7/curve', 'an SVID with a key on an unusual curve', 'XV+b7', [
    makeLeaf(ca, ID, { keys: oddCurve }),
  ]),
  reject('XV+b7/no-key', 'an SVID whose key cannot be read', 'XV+b7', [
    makeLeaf(ca, ID, { spki: seq(seq(OID.unknown), bits(Buffer.from('no key'))) }),
  ]),
  reject('XV+b8/flipped', 'one bit of the signature flipped', 'XV+b8', [flipLastBit(leaf)]),
  reject('XV+b8/namesake', 'another CA with the name of ours', 'XV+b8', [makeLeaf(namesake, ID)]),
  reject('XV+b8/other-key', 'the right name, another key', 'XV+b8', [
    makeLeaf({ name: ca.name, keys: ecKey() }, ID),
  ]),
  reject('XV+b8/other-kind', 'an RSA signature under an EC issuer', 'XV+b8', [
    makeLeaf({ name: ca.name, keys: rsaKeys }, ID, { algorithm: ALGORITHMS.rsaSha256 }),
  ]),
]

/** An RSA key with a modulus of this many bits; nobody has its private half. */
function rsaSpki(bitLength: number): Buffer {
  const modulus = Buffer.alloc(bitLength / 8, 0xff)
  const key = seq(tlv(0x02, Buffer.of(0), modulus), tlv(0x02, hex('010001')))
  return seq(seq(hex('06092a864886f70d010101'), hex('0500')), bits(key))
}

function smallIntermediate(): Chain {
  const intermediate = makeCa('Small', { issuer: ca, keys: smallKey })
  return [makeLeaf(intermediate, ID, { algorithm: ALGORITHMS.rsaSha256 }), intermediate]
}

function flipLastBit({ der, ...rest }: TestCertificate): TestCertificate {
  const copy = Buffer.from(der)
  copy.writeUInt8(copy.readUInt8(copy.length - 1) ^ 1, copy.length - 1)
  return { ...rest, der: copy }
}
