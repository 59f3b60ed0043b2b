// What look-ups share over all generations: limits of each identity, and answers while they are
// fresh. The cache's keys hold whatever a generation can change, so a reload need not empty it.

import type { LimitsConfig } from '../config/config.ts'
import { answerSize } from '../facts/lookups.ts'
import { IdentityLimits } from '../operations/limits.ts'
import { LookupCache } from '../operations/lookup-cache.ts'
import type { Lookups } from '../pipeline/ports.ts'
import type { Clock } from '../util/clock.ts'

export function openLookups(limits: () => LimitsConfig, clock: Clock): Lookups {
  return {
    limits: new IdentityLimits(() => {
      const { lookupsPerSecond, concurrent } = limits().perIdentity
      return { requestsPerSecond: lookupsPerSecond, concurrent }
    }, clock),
    dryRuns: new LookupCache({ clock, sizeOf: answerSize }),
  }
}
