// Job ownership in memory, for whoever has no key directory.

import { createSecretKey } from 'node:crypto'
import type { JobKeys } from '../../gateway/operations/job-keys.ts'
import { JobLedger } from '../../gateway/operations/job-ledger.ts'
import { JobStore } from '../../gateway/operations/job-store.ts'
import { ManualTime } from './manual-time.ts'

/** Keys as their hexadecimal texts; the first one signs. */
export function jobKeys(first: string, ...others: readonly string[]): JobKeys {
  return [createSecretKey(first, 'hex'), ...others.map((text) => createSecretKey(text, 'hex'))]
}

export const JOB_KEY = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'
export const OTHER_JOB_KEY = 'ff'.repeat(32)

export function jobLedger(store = new JobStore(new ManualTime()), keys = jobKeys(JOB_KEY)) {
  return new JobLedger(keys, store)
}
