// Keys and signatures: what a genuinely signed chain must not rest on. Keys that OpenSSL makes come
// from it; those that it refuses to make are written by hand.

import { generateKeyPairSync } from 'node:crypto'
import {
  ALGORITHMS,
  ecKey,
  ed25519Key,
  makeCa,
  makeLeaf,
  pssAlgorithm,
  rsaKey,
} from '../../support/ca.ts'
import type { Algorithm, CaOptions, KeyPair, TestCertificate } from '../../support/ca.ts'
import { bits, hex, int, seq, tlv } from '../../support/der.ts'
import { trust } from '../../support/trust.ts'
import { ID, accept, ca, reject } from './row.ts'
import type { AcceptRow, RejectRow } from './row.ts'

/** The order of P-256 (SEC 2 §2.4.2). */
const N = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')

const rsa = rsaKey()
const cubic = rsaKey(2048, 3)
const rsaSha256 = ALGORITHMS.rsaSha256

/** A CA of the bundle with these keys, whose leaf is signed so. */
function signed(keys: KeyPair, algorithm: Algorithm, caAlgorithm: Algorithm = algorithm) {
  const root = makeCa('Signer', { keys, algorithm: caAlgorithm })
  return {
    chain: [makeLeaf(root, ID, { algorithm })],
    bundles: trust({ 'example.org': [root] }),
  }
}

/** A leaf that is signed with another algorithm than it is under control of the same CA. */
function weakly(id: string, title: string, keys: KeyPair, weak: Algorithm, strong: Algorithm) {
  const root = makeCa('Signer', { keys, algorithm: strong })
  return reject(`XV+b6/${id}`, title, 'XV+b6', [makeLeaf(root, ID, { algorithm: weak })], {
    bundles: trust({ 'example.org': [root] }),
    control: [makeLeaf(root, ID, { algorithm: strong })],
  })
}

/** `made` with another AlgorithmIdentifier over the same kind of signature. */
const named = (id: string, made: Algorithm): Algorithm => ({ ...made, id: hex(id) })

const RSA_ID = hex('300d06092a864886f70d0101010500')
const P256_ID = hex('301306072a8648ce3d020106082a8648ce3d030107')

/** An RSA key as these bytes say it; nobody has its private half. */
function rsaSpki(modulus: Buffer, exponent: Buffer, change: (key: Buffer) => Buffer = (k) => k) {
  return seq(RSA_ID, bits(change(seq(tlv(0x02, modulus), tlv(0x02, exponent)))))
}
const E = hex('010001')
const modulus = (lastByte = 0xff, length = 256): Buffer =>
  Buffer.concat([Buffer.of(0), Buffer.alloc(length - 1, 0xc5), Buffer.of(lastByte)])

const point = Buffer.from(ecKey().publicKey.export({ format: 'der', type: 'spki' })).subarray(-65)
const pointSpki = (bytes: Buffer): Buffer => seq(P256_ID, bits(bytes))
const compressed = Buffer.concat([Buffer.of(2 + ((point[64] ?? 0) & 1)), point.subarray(1, 33)])
const hybrid = Buffer.concat([Buffer.of(6 + ((point[64] ?? 0) & 1)), point.subarray(1)])
const besideTheCurve = Buffer.concat([point.subarray(0, 64), Buffer.of((point[64] ?? 0) ^ 1)])
const explicitCurve = (): KeyPair =>
  generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' })

const leafWith = (spki: Buffer): readonly TestCertificate[] => [makeLeaf(ca, ID, { spki })]
const leafOf = (keys: KeyPair): readonly TestCertificate[] => [makeLeaf(ca, ID, { keys })]

export const keyAccepts: readonly AcceptRow[] = [
  accept('XV+b8/other-s', 'the other of the two signatures of ECDSA', [
    makeLeaf(ca, ID, {
      algorithm: {
        id: ALGORITHMS.ecdsaSha256.id,
        sign: (tbs, key) => otherSignature(ALGORITHMS.ecdsaSha256.sign(tbs, key)),
      },
    }),
  ]),
  ...(['sha256', 'sha384', 'sha512'] as const).map((hash) => {
    const { chain, bundles } = signed(rsa, pssAlgorithm(hash))
    return accept(`XV+b6/pss-${hash}`, `RSA-PSS with ${hash}`, chain, { bundles })
  }),
  ...(
    [
      ['p-384', ecKey('P-384')],
      ['p-521', ecKey('P-521')],
      ['ed25519', ed25519Key()],
      ['exponent-65539', rsaKey(2048, 65539)],
    ] as const
  ).map(([name, keys]) => accept(`XV+b7/${name}`, `an SVID with a key of ${name}`, leafOf(keys))),
]

/** The other signature (r, n - s), which holds as well as (r, s): another fingerprint, no more. */
function otherSignature(signature: Buffer): Buffer {
  const rLength = signature.readUInt8(3)
  const s = BigInt(`0x${signature.subarray(6 + rLength).toString('hex')}`)
  const other = hex((N - s).toString(16).padStart(64, '0'))
  const start = other.findIndex((byte) => byte !== 0)
  const shortest = other.subarray(start)
  const sign = shortest.readUInt8(0) >= 0x80 ? Buffer.of(0) : Buffer.of()
  return seq(signature.subarray(2, 4 + rLength), tlv(0x02, sign, shortest))
}

/** Keys of an SVID, by what is wrong with them, beside the right form of the same. */
const WEAK_KEYS: readonly (readonly [string, string, Buffer, Buffer])[] = [
  ['exponent-1', 'RSA exponent 1', rsaSpki(modulus(), Buffer.of(1)), rsaSpki(modulus(), E)],
  ['exponent-17', 'RSA exponent 17', rsaSpki(modulus(), Buffer.of(17)), rsaSpki(modulus(), E)],
  [
    'exponent-even',
    'an even RSA exponent',
    rsaSpki(modulus(), hex('010002')),
    rsaSpki(modulus(), E),
  ],
  [
    'exponent-huge',
    'an RSA exponent of 33 bits',
    rsaSpki(modulus(), hex('0100000001')),
    rsaSpki(modulus(), hex('00ffffffff')),
  ],
  [
    'exponent-negative',
    'a negative RSA exponent',
    rsaSpki(modulus(), hex('ff01')),
    rsaSpki(modulus(), E),
  ],
  ['modulus-even', 'an even RSA modulus', rsaSpki(modulus(0xfe), E), rsaSpki(modulus(), E)],
  [
    'modulus-negative',
    'a negative RSA modulus',
    rsaSpki(modulus().subarray(1), E),
    rsaSpki(modulus(), E),
  ],
  [
    'modulus-2047',
    'an RSA modulus of 2047 bits',
    rsaSpki(Buffer.concat([hex('7f'), modulus().subarray(2)]), E),
    rsaSpki(modulus(), E),
  ],
  [
    'rsa-trailing',
    'bytes after the parts of an RSA key',
    rsaSpki(modulus(), Buffer.concat([E, int(1)])),
    rsaSpki(modulus(), E),
  ],
  [
    'rsa-padded-length',
    'an RSA key with a padded length',
    rsaSpki(modulus(), E, (key) => Buffer.concat([hex('3083 00'), key.subarray(2)])),
    rsaSpki(modulus(), E),
  ],
  [
    'rsa-parameters-absent',
    'an RSA key without the NULL of its algorithm',
    seq(hex('300b06092a864886f70d010101'), bits(seq(tlv(2, modulus()), tlv(2, E)))),
    rsaSpki(modulus(), E),
  ],
  ['compressed-point', 'a compressed point', pointSpki(compressed), pointSpki(point)],
  ['hybrid-point', 'a hybrid point', pointSpki(hybrid), pointSpki(point)],
  ['point-at-infinity', 'the point at infinity', pointSpki(hex('00')), pointSpki(point)],
  ['beside-the-curve', 'a point beside the curve', pointSpki(besideTheCurve), pointSpki(point)],
  [
    'point-of-another-curve',
    'a point of P-256 as one of P-384',
    seq(hex('301006072a8648ce3d020106052b81040022'), bits(point)),
    pointSpki(point),
  ],
  [
    'no-curve',
    'an EC key without its curve',
    seq(hex('300906072a8648ce3d0201'), bits(point)),
    pointSpki(point),
  ],
  [
    'ed25519-short',
    'an Ed25519 key of 31 bytes',
    seq(hex('300506032b6570'), bits(Buffer.alloc(31, 9))),
    Buffer.from(ed25519Key().publicKey.export({ format: 'der', type: 'spki' })),
  ],
]

const caKey = (id: string, title: string, options: CaOptions, leafAlgorithm: Algorithm) => {
  const below = (more: CaOptions, algorithm: Algorithm) => {
    const intermediate = makeCa('Intermediate', { issuer: ca, ...more })
    return [makeLeaf(intermediate, ID, { algorithm }), intermediate]
  }
  return reject(`XV+b7/${id}`, title, 'XV+b7', below(options, leafAlgorithm), {
    control: below({}, ALGORITHMS.ecdsaSha256),
  })
}

export const keyRejects: readonly RejectRow[] = [
  ...WEAK_KEYS.map(([id, title, spki, right]) =>
    reject(`XV+b7/${id}`, title, 'XV+b7', leafWith(spki), { control: leafWith(right) }),
  ),
  ...(
    [
      ['exponent-3', 'a key with RSA exponent 3', cubic],
      ['explicit-curve', 'P-256 spelt out in parameters', explicitCurve()],
      ['rsa-pss-key', 'a key for RSA-PSS only', pssKey()],
      ['p-224', 'a key on P-224', ecKey('secp224r1')],
      ['brainpool', 'a key on brainpoolP256r1', ecKey('brainpoolP256r1')],
      ['ed448', 'an Ed448 key', generateKeyPairSync('ed448')],
    ] as const
  ).map(([id, title, keys]) =>
    reject(`XV+b7/${id}`, title, 'XV+b7', leafOf(keys), { control: leafOf(rsa) }),
  ),
  caKey('ca-exponent-3', 'an intermediate with RSA exponent 3', { keys: cubic }, rsaSha256),
  caKey(
    'ca-explicit-curve',
    'an intermediate on a curve spelt out',
    { keys: explicitCurve() },
    ALGORITHMS.ecdsaSha256,
  ),
  weakly('pss-sha1', 'RSA-PSS with SHA-1', rsa, pssAlgorithm('sha1'), rsaSha256),
  weakly(
    'pss-defaults',
    'RSA-PSS with default parameters, which are SHA-1',
    rsa,
    named('300d06092a864886f70d01010a3000', pssAlgorithm('sha1')),
    rsaSha256,
  ),
  weakly(
    'pss-mask-sha1',
    'RSA-PSS with a mask function over SHA-1',
    rsa,
    pssAlgorithm('sha256', { maskHash: 'sha1' }),
    pssAlgorithm('sha256'),
  ),
  weakly(
    'pss-salt',
    'RSA-PSS with a salt of another length',
    rsa,
    pssAlgorithm('sha256', { saltLength: 20 }),
    pssAlgorithm('sha256'),
  ),
  weakly('sha224', 'SHA-224', rsa, ALGORITHMS.rsaSha224, rsaSha256),
  weakly(
    'ecdsa-parameters',
    'an ECDSA algorithm with parameters',
    ecKey(),
    named('300c06082a8648ce3d0403020500', ALGORITHMS.ecdsaSha256),
    ALGORITHMS.ecdsaSha256,
  ),
  weakly(
    'ed25519-parameters',
    'an Ed25519 algorithm with parameters',
    ed25519Key(),
    named('300706032b65700500', ALGORITHMS.ed25519),
    ALGORITHMS.ed25519,
  ),
  weakly(
    'unknown',
    'a signature algorithm that nobody knows',
    ecKey(),
    named('30060604 2a030405', ALGORITHMS.ecdsaSha256),
    ALGORITHMS.ecdsaSha256,
  ),
  ...badSignatures(),
]

/** Signatures that a lenient decoder repairs, or that hold for nothing. */
function badSignatures(): readonly RejectRow[] {
  const ec = ecKey()
  const pss = pssAlgorithm('sha256')
  const changed = (made: Algorithm, change: (signature: Buffer) => Buffer): Algorithm => ({
    id: made.id,
    sign: (tbs, key) => change(made.sign(tbs, key)),
  })
  const cases: readonly (readonly [string, string, KeyPair, Algorithm, (s: Buffer) => Buffer])[] = [
    ['empty', 'no signature at all', ec, ALGORITHMS.ecdsaSha256, () => Buffer.of()],
    ['zeros', 'r and s zero', ec, ALGORITHMS.ecdsaSha256, () => seq(int(0), int(0))],
    ['padded', 'a padded r', ec, ALGORITHMS.ecdsaSha256, paddedR],
    [
      'ecdsa-trailing',
      'a byte after an ECDSA signature',
      ec,
      ALGORITHMS.ecdsaSha256,
      (s) => Buffer.concat([s, hex('00')]),
    ],
    [
      'hash-of-another',
      'SHA-256 under the name of SHA-384',
      ec,
      { id: ALGORITHMS.ecdsaSha384.id, sign: ALGORITHMS.ecdsaSha256.sign },
      (s) => s,
    ],
    ['rsa-short', 'an RSA signature without its last byte', rsa, rsaSha256, (s) => s.subarray(1)],
    [
      'rsa-long',
      'an RSA signature with a zero byte before it',
      rsa,
      rsaSha256,
      (s) => Buffer.concat([hex('00'), s]),
    ],
    [
      'pss-for-pkcs1',
      'a PSS signature under the name of PKCS#1',
      rsa,
      { id: rsaSha256.id, sign: pss.sign },
      (s) => s,
    ],
    [
      'ed25519-zeros',
      'an Ed25519 signature of zeros',
      ed25519Key(),
      ALGORITHMS.ed25519,
      () => Buffer.alloc(64),
    ],
  ]
  return cases.map(([id, title, keys, algorithm, change]) => {
    const isRsa = keys === rsa
    const own = isRsa
      ? rsaSha256
      : id.startsWith('ed')
        ? ALGORITHMS.ed25519
        : ALGORITHMS.ecdsaSha256
    const root = makeCa('Signer', { keys, algorithm: own })
    return reject(
      `XV+b8/${id}`,
      title,
      'XV+b8',
      [makeLeaf(root, ID, { algorithm: changed(algorithm, change) })],
      {
        bundles: trust({ 'example.org': [root] }),
        control: [makeLeaf(root, ID, { algorithm: own })],
      },
    )
  })
}

/** The same r with a zero byte before it, and both lengths right. */
function paddedR(signature: Buffer): Buffer {
  const length = signature.readUInt8(3)
  const r = signature.subarray(4, 4 + length)
  return seq(tlv(0x02, hex('00'), r), signature.subarray(4 + length))
}

function pssKey(): KeyPair {
  return generateKeyPairSync('rsa-pss', {
    modulusLength: 2048,
    hashAlgorithm: 'sha256',
    mgf1HashAlgorithm: 'sha256',
  })
}
