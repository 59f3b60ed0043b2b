// The answers of the Workload API that we ask for (SPIFFE_Workload_API.md §5.2), as bytes: who they
// speak of is judged by svid.ts and bundles.ts. A message in which something mandatory is empty is
// refused as a whole (§4.4), and the state that it should have replaced stays.

import { err, ok } from '../../util/result.ts'
import type { Result } from '../../util/result.ts'
import { ProtobufError, SingleField, readFields, readMapEntry } from './protobuf.ts'

/** More identities than any workload has; the first one is ours. */
export const MAX_SVIDS = 64
/** More trust domains than anyone federates with. */
export const MAX_BUNDLES = 1024
/** SPIFFE_Workload_API.md §5.2.1. */
const MAX_HINT_BYTES = 1024

export interface X509SvidEntry {
  readonly spiffeId: string
  /** DER certificates one after another, the leaf first. */
  readonly chain: Buffer
  /** PKCS#8, DER. */
  readonly key: Buffer
  /** CA certificates of the SVID's own trust domain, DER, one after another. */
  readonly bundle: Buffer
}

/** The first is the default identity. */
export type X509SvidMessage = readonly [X509SvidEntry, ...X509SvidEntry[]]

/** ID of a trust domain → its CA certificates, DER, one after another. */
export type X509BundlesMessage = ReadonlyMap<string, Buffer>

export function readX509SvidResponse(message: Buffer): Result<X509SvidMessage, string> {
  return reading(() => {
    const entries: X509SvidEntry[] = []
    // `crl` and `federated_bundles` come with FetchX509Bundles, too, which is where we take them from.
    readFields(message, { 1: (content) => entries.push(readSvid(content)) })
    const [first, ...others] = entries
    if (first === undefined) throw new ProtobufError('svids is empty')
    if (entries.length > MAX_SVIDS) throw new ProtobufError(`more than ${MAX_SVIDS} svids`)
    return [first, ...others]
  })
}

export function readX509BundlesResponse(message: Buffer): Result<X509BundlesMessage, string> {
  return reading(() => {
    const bundles = new Map<string, Buffer>()
    readFields(message, { 2: (content) => readMapEntry(content, 'bundles', bundles) })
    if (bundles.size === 0) throw new ProtobufError('bundles is empty')
    if (bundles.size > MAX_BUNDLES) throw new ProtobufError(`more than ${MAX_BUNDLES} bundles`)
    return bundles
  })
}

function readSvid(content: Buffer): X509SvidEntry {
  const spiffeId = new SingleField('spiffe_id')
  const chain = new SingleField('x509_svid')
  const key = new SingleField('x509_svid_key')
  const bundle = new SingleField('bundle')
  const hint = new SingleField('hint')
  readFields(content, {
    1: spiffeId.take,
    2: chain.take,
    3: key.take,
    4: bundle.take,
    5: hint.take,
  })
  if (Buffer.byteLength(hint.text()) > MAX_HINT_BYTES) throw new ProtobufError('hint is too long')
  return {
    spiffeId: spiffeId.requiredText(),
    chain: chain.required(),
    key: key.required(),
    bundle: bundle.required(),
  }
}

function reading<T>(read: () => T): Result<T, string> {
  try {
    return ok(read())
  } catch (error) {
    if (error instanceof ProtobufError) return err(error.message)
    throw error
  }
}
