// `identity`: whose SVIDs count, and what their SPIFFE IDs mean. `issuer`: as whom we speak to clouds.

import { z } from 'zod'
import { DEFAULT_GRAMMAR } from '../../spiffe/grammar.ts'
import { DEFAULTS } from '../defaults.ts'
import { duration, filePath, hot, restart, textLike, trustDomain } from './fields.ts'

/** Literal segments and `{tenant}`, `{agent}`, `{role}`, each at most once (cross-checked). */
export const grammar = textLike(
  /^(\{(tenant|agent|role)\}|[A-Za-z0-9._-]+)(\/(\{(tenant|agent|role)\}|[A-Za-z0-9._-]+))*$/,
  'a path grammar such as agent/{tenant}/{agent}/{role}',
)

const source = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: restart(
      z.literal('files'),
      'The trust bundle from a file that your SPIRE set-up renews.',
    ),
    trustBundle: hot(
      filePath,
      'CA certificates of our own trust domain: PEM, or SPIFFE bundle JSON.',
    ),
  }),
  z.strictObject({
    kind: restart(
      z.literal('dev'),
      'A throw-away trust domain made on the spot. Refused beside real clouds or open listeners.',
    ),
    dir: restart(filePath, 'Where its CA and SVIDs are kept.'),
  }),
])

const federated = z.strictObject({
  file: hot(filePath, 'The partner’s bundle: PEM, or SPIFFE bundle JSON.'),
  grammar: hot(
    grammar.optional(),
    'The partner’s own path grammar; without it, no tenant or role.',
  ),
  tenants: hot(
    z
      .record(
        textLike(/^[A-Za-z0-9._-]{1,255}$/, 'a tenant'),
        textLike(/^[A-Za-z0-9._-]{1,255}$/, 'a tenant'),
      )
      .prefault({}),
    'Their tenants → our tenants. One that is not listed has no tenant here.',
  ),
})

export const identity = z.strictObject({
  source: restart(source, 'Where the trust bundle of our own trust domain comes from.'),
  grammar: hot(
    grammar.prefault(DEFAULT_GRAMMAR),
    'What the path of a SPIFFE ID of our own trust domain means.',
  ),
  trustBundles: hot(
    z.record(trustDomain, federated).prefault({}),
    'Federated trust domains, each judged by its own bundle alone.',
  ),
  denyList: hot(
    filePath.optional(),
    'A file of SPIFFE IDs and certificate serials, one a line, that are refused at once.',
  ),
})

export const issuer = z.strictObject({
  url: restart(
    textLike(
      /^https?:\/\/[a-z0-9.[\]:-]{1,260}(\/[A-Za-z0-9._~-]+)*$/,
      'an issuer URL without query and trailing slash, such as https://oidc.example.org',
    ).max(255, 'must have 255 characters at most'),
    'The `iss` of our tokens, exactly as the clouds know it.',
  ),
  keys: restart(
    z.strictObject({ dir: restart(filePath, 'Signing keys; made on first start, mode 0700.') }),
    'Where the signing keys are.',
  ),
  tokenTtl: hot(
    duration(DEFAULTS.tokenTtl).prefault(DEFAULTS.tokenTtl.value),
    'Lifetime of a token.',
  ),
})

export const tokenSource = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: restart(z.literal('issuer'), 'Our own issuer mints the tokens.') }),
  ])
  .prefault({ kind: 'issuer' })
