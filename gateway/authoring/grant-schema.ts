// The form of the authors' grants file (policies/authz/grants.yaml says what each part means).

import { z } from 'zod'
import { ACCESS_ORDER, TARGET_TYPES } from '../facts/facts.ts'
import { SQL_FEATURES } from '../facts/sql/sql-text.ts'

const id = z.string().regex(/^[a-z0-9_.-]{1,64}$/, 'an id is 1 to 64 of a-z, 0-9, `_`, `.` and `-`')

/** One part of a SPIFFE path (SPIFFE-ID §2.2), or any. */
const subjectPart = z
  .string({ error: 'a name in quotes, or "*" for any, is expected' })
  .regex(
    /^(?:\*|[A-Za-z0-9._-]{1,128})$/,
    'a name of letters, digits, `.`, `_`, `-`, or "*" for any',
  )

const service = z
  .string()
  .regex(
    /^(?:secret|(?:aws|gcp|azure|http)_[a-z0-9][a-z0-9_-]*)$/,
    'a service is <provider>_<id>, e.g. aws_s3 or gcp_bigquery',
  )

const action = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_.-]{0,127}$/, 'an action is the name of an operation, e.g. PutObject')

const text = z
  .string({ error: 'a text is expected; put it in quotes if it looks like a number' })
  .min(1, 'must not be empty')

/** A job shows its rows to whoever reads it: the grant says so itself that it covers own ones only. */
const OWN_ONLY =
  'a target of type job, and no other, says `own: true`: jobs of others cannot be granted'

const target = z
  .strictObject({
    type: z.enum(TARGET_TYPES, { error: `one of ${TARGET_TYPES.join(', ')}` }),
    container: text,
    path_prefix: z.string({
      error: 'a text is expected: what the path starts with; "" covers the whole container',
    }),
    own: z.literal(true, { error: OWN_ONLY }).optional(),
  })
  .refine(({ type, own }) => (type === 'job') === (own === true), { error: OWN_ONLY })

const statement = z.strictObject({ actions: z.array(text).min(1), resources: z.array(text).min(1) })

const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['MiB', 2 ** 20],
  ['GiB', 2 ** 30],
  ['TiB', 2 ** 40],
])
const BYTES = 'bytes as an integer of at least 1, or a text such as 10GiB (MiB, GiB, TiB)'

/** Below 2^53, so that it is the same number wherever it is read. */
const byteCount = z
  .union([z.number(), z.string()], { error: BYTES })
  .transform(bytesOf)
  .refine((bytes) => Number.isSafeInteger(bytes) && bytes > 0, { error: BYTES })

function bytesOf(value: number | string): number {
  if (typeof value === 'number') return value
  const [, digits = '', unit = ''] = /^([0-9]{1,15})(MiB|GiB|TiB)?$/.exec(value) ?? []
  return digits === '' ? Number.NaN : Number(digits) * (UNITS.get(unit) ?? Number.NaN)
}

const functionNames = z.array(text).min(1, 'leave it out rather than empty').optional()

export const grantSchema = z.strictObject({
  id,
  subject: z.strictObject({ tenant: subjectPart, agent: subjectPart, role: subjectPart }),
  service,
  actions: z.array(action).min(1, 'a grant needs at least one action'),
  access: z
    .array(z.enum(ACCESS_ORDER, { error: `one of ${ACCESS_ORDER.join(', ')}` }))
    .min(1, 'a grant needs at least one kind of access'),
  targets: z.array(target).min(1, 'a grant needs at least one target'),
  session_policy: z
    .union([z.literal('generate'), z.array(statement).min(1)], {
      error: '`generate`, or a list of {actions, resources}',
    })
    .optional(),
  set_headers: z
    .record(z.string().regex(/^[a-z0-9-]+$/, 'a header name in lower case'), text)
    .optional(),
  functions: functionNames,
  table_functions: functionNames,
  features: z
    .array(z.enum(SQL_FEATURES, { error: `one of ${SQL_FEATURES.join(', ')}` }))
    .min(1, 'leave it out rather than empty')
    .optional(),
  max_bytes_billed: byteCount.optional(),
  credential: text.optional(),
  alternatives: z
    .array(text.refine((value) => Buffer.byteLength(value) <= 200, 'at most 200 bytes'))
    .max(5, 'at most five')
    .optional(),
})

export const grantsFileSchema = z.strictObject({
  version: z.literal(1, { error: 'the version of this form is 1' }),
  grants: z.array(grantSchema),
})

export type Grant = z.output<typeof grantSchema>
export type GrantTarget = Grant['targets'][number]
export type GrantStatement = z.output<typeof statement>
