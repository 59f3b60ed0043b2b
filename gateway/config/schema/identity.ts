// `identity`: whose SVIDs count, and what their SPIFFE IDs mean. `issuer`: as whom we speak to clouds.

import { z } from 'zod'
import { DEFAULT_GRAMMAR } from '../../spiffe/grammar.ts'
import { parseWorkloadEndpoint } from '../../spiffe/workload-api/endpoint.ts'
import { DEFAULTS } from '../defaults.ts'
import { ISSUER_ALGORITHMS } from '../../issuer/algorithms.ts'
import { duration, filePath, hot, restart, textLike, trustDomain } from './fields.ts'

/** Literal segments and `{tenant}`, `{agent}`, `{role}`, each at most once (cross-checked). */
export const grammar = textLike(
  /^(\{(tenant|agent|role)\}|[A-Za-z0-9._-]+)(\/(\{(tenant|agent|role)\}|[A-Za-z0-9._-]+))*$/,
  'a path grammar such as agent/{tenant}/{agent}/{role}',
)

/** `spiffe/workload-api/endpoint.ts` says what is wrong with one. */
const workloadEndpoint = z
  .string({ error: () => 'expected a socket such as unix:///run/spire/agent.sock' })
  .superRefine((text, context) => {
    const target = parseWorkloadEndpoint(text)
    if (!target.ok) context.addIssue({ code: 'custom', message: target.error })
  })

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
    svid: restart(
      z
        .strictObject({
          cert: restart(filePath, 'Our own SVID with its chain, PEM, leaf first.'),
          key: restart(
            filePath,
            'Its private key, PEM (PKCS#8). The file must not be readable by group or others.',
          ),
        })
        .optional(),
      'Our own SVID, for `listen.data.tls: [{ kind: svid }]`. Renewed files are taken over hot.',
    ),
    watch: restart(
      z.boolean().prefault(false),
      'Take over changed files without a signal. Whoever writes them must replace them by renaming.',
    ),
  }),
  z.strictObject({
    kind: restart(
      z.literal('workload-api'),
      'Trust bundles and our own SVID from the SPIFFE Workload API, as SPIRE agents serve it.',
    ),
    socket: restart(
      workloadEndpoint.optional(),
      'Where it is: unix:///path, or tcp://127.0.0.1:port. Without it, SPIFFE_ENDPOINT_SOCKET of the environment.',
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
  file: hot(
    filePath.optional(),
    'The partner’s bundle from a file: PEM, or SPIFFE bundle JSON. Neither `file` nor `endpoint`: from the Workload API.',
  ),
  endpoint: hot(
    textLike(
      /^https:\/\/([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(:[1-9]\d{0,4})?(\/[A-Za-z0-9._~%:@!$&'()*+,;=/?-]*)?$/,
      'an https URL in lower case, without userinfo and fragment, such as https://partner.org/bundle',
    )
      .max(2048, 'must have 2048 characters at most')
      .optional(),
    'The partner’s SPIFFE bundle endpoint, fetched again and again.',
  ),
  profile: hot(
    z.enum(['https_web', 'https_spiffe']).optional(),
    'How the endpoint proves itself: by a web certificate, or by an SVID.',
  ),
  endpointSpiffeId: hot(
    textLike(/^spiffe:\/\/[a-z0-9._-]{1,255}\/[A-Za-z0-9._/-]{1,1785}$/, 'a SPIFFE ID').optional(),
    '`https_spiffe`: exactly the ID that the endpoint’s SVID must have.',
  ),
  bundle: hot(
    filePath.optional(),
    'The bundle to begin with: what judges the first `https_spiffe` fetch.',
  ),
  tls: hot(
    z
      .strictObject({ ca: hot(filePath, 'PEM certificates that replace the built-in ones.') })
      .optional(),
    '`https_web`: which authorities may vouch for the endpoint.',
  ),
  maxAge: hot(
    duration(DEFAULTS.bundleMaxAge).prefault(DEFAULTS.bundleMaxAge.value),
    'How long the last good bundle is kept while no fetch succeeds; then the domain is trusted no more.',
  ),
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

const signer = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: restart(
      z.literal('command'),
      'A program: the signing input on its standard input, the signature on its standard output.',
    ),
    argv: restart(
      z
        .array(textLike(/^[^\0]{1,4096}$/, 'a program or one of its arguments'))
        .min(1)
        .max(64),
      'The program, by its absolute path, and its arguments. No shell reads them.',
    ),
    env: restart(
      z
        .record(
          textLike(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'a name of an environment variable'),
          textLike(/^[^\0]{0,32768}$/, 'text'),
        )
        .prefault({}),
      'All of its environment; `${NAME}` takes a value from the gateway’s own.',
    ),
    output: restart(
      z.enum(['raw', 'base64']).prefault('raw'),
      'How it writes the signature. ES256: r and s, or DER.',
    ),
    publicKey: restart(
      filePath,
      'PEM of its key: RSA for RS256, P-256 for ES256. Every signature is verified with it.',
    ),
    alsoPublish: restart(
      z.array(filePath).max(16).prefault([]),
      'PEM of keys that are published beside it: the next one, and those that signed before.',
    ),
    timeout: restart(
      duration(DEFAULTS.signerTimeout).prefault(DEFAULTS.signerTimeout.value),
      'From the start of one run to its end.',
    ),
  }),
])

export const issuer = z.strictObject({
  url: restart(
    textLike(
      /^https?:\/\/[a-z0-9.[\]:-]{1,260}(\/[A-Za-z0-9._~-]+)*$/,
      'an issuer URL without query and trailing slash, such as https://oidc.example.org',
    ).max(255, 'must have 255 characters at most'),
    'The `iss` of our tokens, exactly as the clouds know it.',
  ),
  keys: restart(
    z
      .strictObject({
        dir: restart(filePath, 'Signing keys; made on first start, mode 0700.'),
        publishAhead: restart(
          duration(DEFAULTS.publishAhead).prefault(DEFAULTS.publishAhead.value),
          'How long a new key is published before it signs, and a retired one after.',
        ),
      })
      .optional(),
    'Where the signing keys are. Either this or `signer`.',
  ),
  algorithms: restart(
    z.array(z.enum(ISSUER_ALGORITHMS)).min(1).max(2).prefault(['RS256']),
    'For which algorithms `keys.dir` holds keys. Credentials say which of them they use.',
  ),
  signer: restart(signer.optional(), 'Who signs, where the key is not in `keys.dir`.'),
  tokenTtl: hot(
    duration(DEFAULTS.tokenTtl).prefault(DEFAULTS.tokenTtl.value),
    'Lifetime of a token.',
  ),
})

export const tokenSource = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: restart(z.literal('issuer'), 'Our own issuer mints the tokens.') }),
    z.strictObject({
      kind: restart(
        z.literal('presented'),
        'As `issuer`; and each request must carry the agent’s own JWT-SVID in the header `x-svidgate-jwt-svid`, as a second factor. It is verified, and goes nowhere.',
      ),
      audience: restart(
        textLike(
          /^spiffe:\/\/[a-z0-9._-]{1,255}(\/[A-Za-z0-9._-]+)+$/,
          'a SPIFFE ID such as spiffe://example.org/svidgate',
        ),
        'The only audience of that JWT-SVID: the SPIFFE ID of this gateway.',
      ),
    }),
  ])
  .prefault({ kind: 'issuer' })
