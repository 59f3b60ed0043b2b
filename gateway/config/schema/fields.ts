// The kinds of value that fields have, each with the one text that says what is expected. Every
// field also carries what the documents and the JSON Schema say about it (`.meta()`).

import { z } from 'zod'
import {
  DURATION_PATTERN,
  durationOf,
  parseDuration,
  parseSize,
  SIZE_PATTERN,
  sizeOf,
} from '../units.ts'

/**
 * `hot`: a reload (SIGHUP) puts it into force. `restart`: a reload that changes it is refused with
 * the field's name, and the last good generation stays.
 */
export type Reload = 'hot' | 'restart'

/** Documents a field that a reload puts into force. */
export function hot<T extends z.ZodType>(schema: T, description: string): T {
  return schema.meta({ ...schema.meta(), description, 'x-reload': 'hot' })
}

/** Documents a field that takes a restart. */
export function restart<T extends z.ZodType>(schema: T, description: string): T {
  return schema.meta({ ...schema.meta(), description, 'x-reload': 'restart' })
}

/** Text of one form; `expected` completes “expected …”. */
export function textLike(pattern: RegExp, expected: string) {
  return z.string({ error: () => `expected ${expected}` }).regex(pattern, `expected ${expected}`)
}

interface TextLimit {
  readonly value: string
  readonly least: string
  readonly most: string
}

/** A duration within bounds; milliseconds. */
export function duration(limit: TextLimit) {
  const [least, most] = [durationOf(limit.least), durationOf(limit.most)]
  return textLike(DURATION_PATTERN, 'a duration such as 900s, 5m or 24h')
    .transform((text, context) => inBounds(parseDuration(text), least, most, limit, context))
    .meta({ 'x-unit': 'duration', 'x-least': limit.least, 'x-most': limit.most })
}

/** A size within bounds; bytes. */
export function size(limit: TextLimit) {
  const [least, most] = [sizeOf(limit.least), sizeOf(limit.most)]
  return textLike(SIZE_PATTERN, 'a size such as 16KiB or 256MiB')
    .transform((text, context) => inBounds(parseSize(text), least, most, limit, context))
    .meta({ 'x-unit': 'size', 'x-least': limit.least, 'x-most': limit.most })
}

function inBounds(
  value: number | undefined,
  least: number,
  most: number,
  limit: TextLimit,
  context: z.RefinementCtx,
): number {
  if (value !== undefined && value >= least && value <= most) return value
  context.addIssue({ code: 'custom', message: `must be between ${limit.least} and ${limit.most}` })
  return z.NEVER
}

/** A whole number within bounds. */
export function count(limit: {
  readonly least: number
  readonly most: number
  readonly unit: string
}) {
  const bounds = `expected a whole number from ${limit.least} to ${limit.most}`
  return z
    .int({ error: () => bounds })
    .min(limit.least, bounds)
    .max(limit.most, bounds)
    .meta({ 'x-unit': limit.unit })
}

/** A path, with or without `file:`; relative ones start at the configuration's own directory. */
export const filePath = textLike(
  /^(?!-----BEGIN)(?!(?!file:)[a-z][a-z0-9+.-]+:)(?!file:\/\/[^/])[^\0]{1,4096}$/,
  'a path such as file:./keys/main.pem',
)
  .transform((text) => text.replace(/^file:(\/\/(?=\/))?/, ''))
  .meta({ 'x-unit': 'path' })

/** Like `filePath`, but the scheme must be there, because other sources will have others. */
export const fileSource = textLike(
  /^file:(?!\/\/[^/])[^\0]{1,4096}$/,
  'a source such as file:./bundles/authz.tar.gz',
)
  .transform((text) => text.replace(/^file:(\/\/(?=\/))?/, ''))
  .meta({ 'x-unit': 'path' })

/** Where a private key lies, or the key itself when a `${NAME}` reference delivered it. */
export type KeyReference =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'inline'; readonly pem: string }

export const privateKey = textLike(
  /^(-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]{1,65536}|(?!-----BEGIN)(?!(?!file:)[a-z][a-z0-9+.-]+:)(?!file:\/\/[^/])[^\0]{1,4096})$/,
  'a reference to a private key such as file:./keys/tls.key or ${TLS_KEY}',
)
  .transform((text): KeyReference =>
    text.startsWith('-----BEGIN')
      ? { kind: 'inline', pem: text }
      : { kind: 'file', path: text.replace(/^file:(\/\/(?=\/))?/, '') },
  )
  .meta({ 'x-unit': 'secret' })

/** Names that operators give to credentials, bundles and keys. */
export const NAME_PATTERN = /^[a-z0-9]([a-z0-9_-]{0,62}[a-z0-9])?$/
export const name = textLike(
  NAME_PATTERN,
  'a name of lower-case letters, digits, - and _ (at most 64)',
)

const LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
const IPV4 = '((25[0-5]|2[0-4]\\d|1?\\d?\\d)\\.){3}(25[0-5]|2[0-4]\\d|1?\\d?\\d)'

/** LDH labels, lower case, no trailing dot (RFC 1123 §2.1), or an IPv4 literal. */
export const hostName = textLike(
  new RegExp(`^(?=.{1,253}$)${LABEL}(\\.${LABEL})*$`),
  'a host name in lower case such as gw.example.org',
)

/** A host name or `*.` and a host name: what an SNI entry covers. */
export const certificateName = textLike(
  new RegExp(`^(?=.{1,253}$)(\\*\\.)?${LABEL}(\\.${LABEL})*$`),
  'a host name in lower case, or *. and a host name',
)

export interface ListenAddress {
  /** An IP literal without brackets, or `localhost`. */
  readonly host: string
  readonly port: number
}

/** `127.0.0.1:8443`, `[::1]:8443`, `localhost:8443`; port 0 takes a free one. */
export const listenAddress = textLike(
  new RegExp(`^(localhost|${IPV4}|\\[[0-9a-f:.]{2,45}\\]):(0|[1-9]\\d{0,4})$`),
  'an address and a port such as 127.0.0.1:8443 or [::1]:8443',
)
  .transform((text, context): ListenAddress => {
    const colon = text.lastIndexOf(':')
    const port = Number(text.slice(colon + 1))
    if (port > 65535) {
      context.addIssue({ code: 'custom', message: 'the port must be 65535 at most' })
      return z.NEVER
    }
    return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port }
  })
  .meta({ 'x-unit': 'address' })

/** `https://host[:port]`, no path; `{region}` may stand for a label where `region` is true. */
export function origin(options: { readonly region: boolean }) {
  const label = options.region ? `(${LABEL}|\\{region\\})` : LABEL
  const host = `(${label}(\\.${label})*|\\[[0-9a-f:.]{2,45}\\])`
  const example = options.region ? 'https://s3.{region}.amazonaws.com' : 'https://sts.example.org'
  return textLike(
    new RegExp(`^https?://${host}(:[1-9]\\d{0,4})?$`),
    `an origin in lower case, without a path, such as ${example}`,
  ).meta({ 'x-unit': 'origin' })
}

/** A trust domain (SPIFFE-ID §2.1). */
export const TRUST_DOMAIN_PATTERN = /^[a-z0-9._-]{1,255}$/
export const trustDomain = textLike(TRUST_DOMAIN_PATTERN, 'a trust domain such as example.org')

/** A region of AWS or a location of Google; `checks/routes.ts` knows which of them a service has. */
export const cloudRegion = textLike(
  /^([a-z]{2,3}(-[a-z]+){1,3}-\d{1,2}|us|eu|[a-z]{2,16}-[a-z]{4,16}\d{1,2})$/,
  'a region such as eu-west-1, europe-west1 or eu',
)

/** An AWS region's name; whether it exists is the route table's business. */
export const awsRegion = textLike(
  /^[a-z]{2,3}(-[a-z]+){1,3}-\d{1,2}$/,
  'a region such as eu-west-1',
)
