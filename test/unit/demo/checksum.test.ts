import t from 'tap'
import { CHECKSUM_NAMES, createChecksum } from '../../../gateway/demo/aws/checksum.ts'
import type { ChecksumName } from '../../../gateway/demo/aws/checksum.ts'

// Check values of "123456789": the CRC RevEng catalogue (CRC-32/ISO-HDLC, CRC-32/ISCSI,
// CRC-64/NVME); FIPS 180 hashes by sha1sum and sha256sum.
const CHECK_VALUES: Readonly<Record<ChecksumName, string>> = {
  crc32: 'cbf43926',
  crc32c: 'e3069283',
  crc64nvme: 'ae8b14860a799888',
  sha1: 'f7c3bc1d808e04732adf679965ccc34ca7ae3441',
  sha256: '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225',
}

for (const name of CHECKSUM_NAMES) {
  t.test(`${name} gives the published check value, in one piece and in many`, async (t) => {
    const whole = createChecksum(name)
    whole.update(Buffer.from('123456789'))
    t.equal(whole.digest().toString('hex'), CHECK_VALUES[name])
    const pieces = createChecksum(name)
    for (const byte of Buffer.from('123456789')) pieces.update(Buffer.from([byte]))
    t.equal(pieces.digest().toString('hex'), CHECK_VALUES[name])
  })
}
