// Floating point numbers as Go's strconv prints them.

/** From this decimal exponent on, and below -4, Go's shortest form is written with an exponent. */
const EXPONENT_FROM = 6

/** `%v`: the fewest digits that read back as the same number. */
export function shortestFloat(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const sign = value < 0 ? '-' : ''
  const [mantissa = '', power = '0'] = Math.abs(value).toExponential().split('e')
  const exponent = Number(power)
  const digits = mantissa.replace('.', '')
  if (exponent < -4 || exponent >= EXPONENT_FROM) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : ''
    const size = String(Math.abs(exponent)).padStart(2, '0')
    return `${sign}${digits.slice(0, 1)}${fraction}e${exponent < 0 ? '-' : '+'}${size}`
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  const rest = digits.slice(exponent + 1)
  return sign + whole + (rest === '' ? '' : `.${rest}`)
}

/** `%.<places>f` of a number that is not negative: the exact value, half to even. */
export function fixedFloat(value: number, places: number): string {
  const { mantissa, exponent } = decompose(value)
  const scaled = mantissa * 10n ** BigInt(places)
  const units = exponent >= 0 ? scaled << BigInt(exponent) : roundedShift(scaled, BigInt(-exponent))
  if (places === 0) return units.toString()
  const digits = units.toString().padStart(places + 1, '0')
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`
}

/** value = mantissa × 2^exponent (IEEE 754 binary64). */
function decompose(value: number): { mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, value)
  const bits = view.getBigUint64(0)
  const fraction = bits & 0xf_ffff_ffff_ffffn
  const biased = Number((bits >> 52n) & 0x7ffn)
  if (biased === 0) return { mantissa: fraction, exponent: -1074 }
  return { mantissa: fraction | (1n << 52n), exponent: biased - 1075 }
}

function roundedShift(value: bigint, by: bigint): bigint {
  const quotient = value >> by
  const rest = value - (quotient << by)
  const half = 1n << (by - 1n)
  const roundsUp = rest > half || (rest === half && (quotient & 1n) === 1n)
  return roundsUp ? quotient + 1n : quotient
}
