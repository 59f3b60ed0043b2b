// The form of the authors' grants file (policies/authz/grants.yaml says what each part means).

import { z } from 'zod'
import { ACCESS_ORDER, TARGET_TYPES } from '../facts/facts.ts'

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

const target = z.strictObject({
  type: z.enum(TARGET_TYPES, { error: `one of ${TARGET_TYPES.join(', ')}` }),
  container: text,
  path_prefix: z.string({
    error: 'a text is expected: what the path starts with; "" covers the whole container',
  }),
})

const statement = z.strictObject({ actions: z.array(text).min(1), resources: z.array(text).min(1) })

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
