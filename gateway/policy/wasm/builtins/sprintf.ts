// `sprintf` as Go's fmt package formats what OPA hands to it: integers as int64 or big.Int, numbers
// with a fraction or an exponent as float64, strings as they are, anything else as its Rego text.
// What is not implemented here (indexed or starred arguments, hexadecimal floats, %c %U %e %b)
// makes the call undefined instead of printing something else than OPA would.

import { type RegoValue, writeRegoValue } from '../rego-value.ts'
import { BuiltinError, hasKind } from './builtin.ts'
import { fixedFloat, shortestFloat } from './go-float.ts'
import { goQuote } from './go-quote.ts'

type GoValue =
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'int64' | 'big.Int'; readonly value: bigint }
  | { readonly type: 'float64'; readonly value: number }

interface Directive {
  readonly flags: string
  readonly width: number
  readonly precision: number | undefined
  readonly verb: string
}

const DIRECTIVE = /%([-+# 0]*)([0-9]*)(?:\.([0-9]*))?(.?)/suy
/** A format from data must not ask for a gigabyte of spaces. */
const MAX_WIDTH = 4096

export function sprintf(format: string, args: readonly RegoValue[]): string {
  const values = args.map(toGoValue)
  let text = ''
  let next = 0
  for (let at = 0; at < format.length;) {
    const percent = format.indexOf('%', at)
    if (percent === -1) {
      text += format.slice(at)
      break
    }
    text += format.slice(at, percent)
    DIRECTIVE.lastIndex = percent
    const directive = readDirective(DIRECTIVE.exec(format))
    at = DIRECTIVE.lastIndex
    if (directive.verb === '') text += '%!(NOVERB)'
    else if (directive.verb === '%') text += '%'
    else {
      const value = values[next]
      text += value === undefined ? `%!${directive.verb}(MISSING)` : formatValue(directive, value)
      next += 1
    }
  }
  return text + extra(values.slice(next))
}

function readDirective(match: RegExpExecArray | null): Directive {
  if (match === null) throw new BuiltinError('unreadable directive')
  const [, flags = '', width = '', precision, verb = ''] = match
  const directive = {
    flags,
    width: Number(width),
    precision: precision === undefined ? undefined : Number(precision),
    verb,
  }
  if (directive.width > MAX_WIDTH || (directive.precision ?? 0) > MAX_WIDTH) {
    throw new BuiltinError('the directive is too wide')
  }
  if (verb === '*' || verb === '[') throw new BuiltinError('unsupported directive')
  return directive
}

function toGoValue(value: RegoValue): GoValue {
  if (typeof value === 'string') return { type: 'string', value }
  if (!hasKind(value, 'number')) {
    return { type: 'string', value: writeRegoValue(value, { gap: ' ', quote: goQuote }) }
  }
  if (/[.eE]/.test(value.text)) return { type: 'float64', value: Number(value.text) }
  const integer = BigInt(value.text)
  return { type: BigInt.asIntN(64, integer) === integer ? 'int64' : 'big.Int', value: integer }
}

function extra(values: readonly GoValue[]): string {
  if (values.length === 0) return ''
  return `%!(EXTRA ${values.map((value) => `${value.type}=${plain(value)}`).join(', ')})`
}

function plain(value: GoValue): string {
  return value.type === 'float64' ? shortestFloat(value.value) : String(value.value)
}

function formatValue(directive: Directive, value: GoValue): string {
  switch (value.type) {
    case 'string':
      return formatString(directive, value.value)
    case 'float64':
      return formatFloat(directive, value.value)
    case 'int64':
    case 'big.Int':
      return formatInteger(directive, value.value, value.type)
  }
}

/** What Go prints for a verb that the type does not have; unknown verbs are such for every type. */
function badVerb({ verb, flags, width, precision }: Directive, type: string, text: string): string {
  if (flags !== '' || width > 0 || precision !== undefined || 'bcoOeEgGFpTUw'.includes(verb)) {
    throw new BuiltinError('unsupported directive')
  }
  return `%!${verb}(${type}=${text})`
}

function formatString(directive: Directive, value: string): string {
  const { verb, precision, flags } = directive
  const cut = precision === undefined ? value : [...value].slice(0, precision).join('')
  if (flags.includes('#') || (flags.includes('+') && verb === 'q')) {
    throw new BuiltinError('unsupported flag')
  }
  switch (verb) {
    case 's':
    case 'v':
      return pad(directive, cut)
    case 'q':
      return pad(directive, goQuote(cut))
    case 'x':
    case 'X':
      if (flags.includes(' ') || precision !== undefined) throw new BuiltinError('unsupported flag')
      return pad(directive, cased(verb, Buffer.from(value).toString('hex')))
    default:
      return badVerb(directive, 'string', value)
  }
}

function formatInteger(directive: Directive, value: bigint, type: 'int64' | 'big.Int'): string {
  const { verb, precision, flags } = directive
  if (precision !== undefined) throw new BuiltinError('unsupported precision of an integer')
  const magnitude = value < 0n ? -value : value
  if (verb === 'd' || verb === 'v' || (verb === 's' && type === 'big.Int')) {
    return padNumber(directive, value < 0n, magnitude.toString())
  }
  if (verb === 'x' || verb === 'X') {
    const prefix = flags.includes('#') ? '0x' : ''
    return padNumber(directive, value < 0n, cased(verb, prefix + magnitude.toString(16)))
  }
  if (verb === 'q' || type === 'big.Int') throw new BuiltinError('unsupported verb of an integer')
  return badVerb(directive, type, value.toString())
}

function formatFloat(directive: Directive, value: number): string {
  const { verb, precision, flags } = directive
  if (flags.includes('#') || verb === 'x' || verb === 'X') {
    throw new BuiltinError('unsupported directive of a number with a fraction')
  }
  if (verb === 'f') {
    return padNumber(directive, value < 0, fixedFloat(Math.abs(value), precision ?? 6))
  }
  if (verb !== 'v') return badVerb(directive, 'float64', shortestFloat(value))
  if (precision !== undefined) throw new BuiltinError('unsupported precision')
  return padNumber(directive, value < 0, shortestFloat(Math.abs(value)))
}

function padNumber(directive: Directive, isNegative: boolean, digits: string): string {
  const { flags, width } = directive
  const positive = flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : ''
  const sign = isNegative ? '-' : positive
  if (!flags.includes('0') || flags.includes('-')) return pad(directive, sign + digits)
  const prefix = /^0[xX]/.exec(digits)?.[0] ?? ''
  const zeros = width - sign.length - (prefix === '' ? 0 : prefix.length)
  return sign + prefix + digits.slice(prefix.length).padStart(zeros, '0')
}

function pad({ flags, width }: Directive, text: string): string {
  const missing = width - [...text].length
  if (missing <= 0) return text
  if (flags.includes('-')) return text + ' '.repeat(missing)
  return (flags.includes('0') ? '0' : ' ').repeat(missing) + text
}

function cased(verb: string, text: string): string {
  return verb === 'X' ? text.toUpperCase() : text
}
