// RSA keys of a generator whose moduli can be factored (CVE-2017-15361, "ROCA"): M. Nemec et al., "The
// Return of Coppersmith's Attack", ACM CCS 2017, §2.2. Modulo every small prime such a modulus is a
// power of 65537; any other key is that for all of them by a chance below 2⁻¹⁵⁰.

const GENERATOR = 65537
const PRIMES = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101,
  103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
]

/** @param modulus big-endian */
export function isRocaModulus(modulus: Buffer): boolean {
  return PRIMES.every((prime) => isPower(remainder(modulus, prime), prime))
}

function remainder(bytes: Buffer, prime: number): number {
  let rest = 0
  for (const byte of bytes) rest = (rest * 256 + byte) % prime
  return rest
}

function isPower(rest: number, prime: number): boolean {
  let power = 1
  do {
    if (power === rest) return true
    power = (power * GENERATOR) % prime
  } while (power !== 1)
  return false
}
