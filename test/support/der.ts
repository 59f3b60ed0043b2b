// A DER writer for tests, independent of the gateway's: it writes what it is told, wrong or right.

export function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag]), derLength(body.length), body])
}

export function derLength(length: number): Buffer {
  if (length < 128) return Buffer.from([length])
  if (length < 256) return Buffer.from([0x81, length])
  return Buffer.from([0x82, length >> 8, length & 0xff])
}

export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex')
}

export const seq = (...parts: readonly Buffer[]): Buffer => tlv(0x30, ...parts)
export const octets = (bytes: Buffer): Buffer => tlv(0x04, bytes)
export const bits = (bytes: Buffer, unused = 0): Buffer => tlv(0x03, Buffer.from([unused]), bytes)
export const int = (...bytes: readonly number[]): Buffer => tlv(0x02, Buffer.from(bytes))
export const TRUE = hex('0101ff')

/** Object identifiers by name, content octets written out by hand from the registries. */
export const OID = {
  organization: hex('0603 55040a'),
  commonName: hex('0603 550403'),
  email: hex('0609 2a864886f70d010901'),
  subjectKeyId: hex('0603 551d0e'),
  keyUsage: hex('0603 551d0f'),
  subjectAltName: hex('0603 551d11'),
  basicConstraints: hex('0603 551d13'),
  nameConstraints: hex('0603 551d1e'),
  authorityKeyId: hex('0603 551d23'),
  extendedKeyUsage: hex('0603 551d25'),
  certificatePolicies: hex('0603 551d20'),
  policyConstraints: hex('0603 551d24'),
  inhibitAnyPolicy: hex('0603 551d36'),
  crlDistributionPoints: hex('0603 551d1f'),
  issuerAltName: hex('0603 551d12'),
  preCertificate: hex('060a 2b06010401d679020403'),
  country: hex('0603 550406'),
  uniqueIdentifier: hex('0603 55042d'),
  unknown: hex('0604 2a030405'),
  serverAuth: hex('0608 2b06010505070301'),
  clientAuth: hex('0608 2b06010505070302'),
  codeSigning: hex('0608 2b06010505070303'),
  anyPurpose: hex('0604 551d2500'),
} as const

export function utcTime(ms: number): Buffer {
  return tlv(0x17, Buffer.from(`${digits(ms).slice(2)}Z`))
}

export function generalizedTime(ms: number): Buffer {
  return tlv(0x18, Buffer.from(`${digits(ms)}Z`))
}

function digits(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')
}

/** Every element of a DER structure, outermost first, with its depth. */
export function walk(der: Buffer, visit: (at: number, tag: number, length: number) => void): void {
  const step = (at: number, end: number): void => {
    let p = at
    while (p < end) {
      const tag = der.readUInt8(p)
      const first = der.readUInt8(p + 1)
      const octetCount = first < 128 ? 0 : first & 0x7f
      const length = octetCount === 0 ? first : der.readUIntBE(p + 2, octetCount)
      const start = p + 2 + octetCount
      visit(p, tag, start - p + length)
      if ((tag & 0x20) !== 0) step(start, start + length)
      p = start + length
    }
  }
  step(0, der.length)
}
