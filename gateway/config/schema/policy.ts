// `policy`: which bundles decide, and what makes one trustworthy.

import { z } from 'zod'
import { filePath, fileSource, hot, name, restart, textLike } from './fields.ts'

const entrypoint = textLike(
  /^[A-Za-z_][A-Za-z0-9_]*(\/[A-Za-z_][A-Za-z0-9_]*)+$/,
  'an entrypoint such as svidgate/authz/decision',
)

const bundle = z.strictObject({
  name: hot(name, 'Shown in records and metrics.'),
  source: hot(fileSource, 'An OPA bundle with policy.wasm, built for the entrypoints below.'),
  tenants: hot(
    z.array(z.literal('*')).min(1).max(1).prefault(['*']),
    'Whose requests it judges. Only `["*"]` in this version.',
  ),
})

const WHOLE_NUMBER = 'expected a whole number'

const verification = z.strictObject({
  keys: hot(
    z.record(name, filePath).prefault({}),
    'Public keys, PEM, by the key id that the bundle’s signature names.',
  ),
  required: hot(z.boolean().prefault(true), 'Refuse a bundle without a valid signature.'),
  minRevision: hot(
    z
      .int({ error: () => WHOLE_NUMBER })
      .min(0, WHOLE_NUMBER)
      .optional(),
    'Refuse a bundle whose integer revision is lower: stops a rollback.',
  ),
})

const zone = z.string().refine(isTimeZone, { error: 'expected a time zone such as Europe/Berlin' })

function isTimeZone(text: string): boolean {
  // Offsets (`+02:00`) and any spelling but the database's own would make two names for one zone.
  return text === 'UTC' || Intl.supportedValuesOf('timeZone').includes(text)
}

export const policy = z.strictObject({
  bundles: hot(z.array(bundle).min(1).max(1), 'The bundle that decides. One in this version.'),
  verification: hot(verification.prefault({}), 'What a bundle must prove before it is activated.'),
  decision: hot(
    entrypoint.prefault('svidgate/authz/decision'),
    'The entrypoint that decides. A rule that yields a bare boolean is accepted.',
  ),
  explain: hot(
    entrypoint.optional(),
    'The entrypoint that says how a decision came about: in the records of denials, and in `svidgate explain`.',
  ),
  zones: hot(z.array(zone).max(8).prefault([]), 'Zones in which `input.now.zones` gives the time.'),
  isolation: restart(
    z.literal('inline').prefault('inline'),
    'Where policies run. Only `inline` in this version.',
  ),
})
