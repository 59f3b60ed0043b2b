// The whole table.

import { constraintAccepts, constraintRejects } from './constraint-rows.ts'
import { encodingAccepts, encodingRejects } from './encoding-rows.ts'
import { federationAccepts, federationRejects } from './federation-rows.ts'
import { keyAccepts, keyRejects } from './key-rows.ts'
import { pathAccepts, pathRejects } from './path-rows.ts'
import { profileAccepts, profileRejects } from './profile-rows.ts'
import type { AcceptRow, RejectRow } from './row.ts'
import { searchAccepts, searchRejects } from './search-rows.ts'
import { signatureAccepts, signatureRejects } from './signature-rows.ts'
import { spireAccepts } from './spire-rows.ts'

export const accepts: readonly AcceptRow[] = [
  ...profileAccepts,
  ...spireAccepts,
  ...pathAccepts,
  ...constraintAccepts,
  ...searchAccepts,
  ...signatureAccepts,
  ...keyAccepts,
  ...federationAccepts,
  ...encodingAccepts,
]

export const rejects: readonly RejectRow[] = [
  ...profileRejects,
  ...pathRejects,
  ...constraintRejects,
  ...searchRejects,
  ...signatureRejects,
  ...keyRejects,
  ...federationRejects,
  ...encodingRejects,
]
