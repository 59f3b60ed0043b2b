// The form of bench/results.json.

import type { IdentityResults } from './identity.ts'
import type { Series, Sizes } from './measure.ts'
import type { ProfileShare } from './profile.ts'

export interface Measured {
  readonly cpuPerRequest: Series
  /** A query of BigQuery whose dry run is known. */
  readonly cpuPerQuery: Series
  readonly cpuPerConnection: Series
  readonly memoryGrowthOneUpload: number
  readonly memoryGrowthManyUploads: number
}

export interface Results {
  readonly machine: {
    readonly cpu: string
    readonly cores: number
    readonly node: string
    readonly openssl: string
    readonly loadBefore: readonly number[]
    readonly loadAfter: readonly number[]
  }
  readonly sizes: Sizes
  readonly passThrough: Measured
  /** Absent while there is no gateway to start. */
  readonly gateway?: Measured
  /** Gateway over pass-through; medians of CPU, growths of memory. */
  readonly ratios?: Readonly<
    Record<
      | 'cpuPerRequest'
      | 'cpuPerQuery'
      | 'cpuPerConnection'
      | 'memoryGrowthOneUpload'
      | 'memoryGrowthManyUploads',
      number
    >
  >
  /** Microseconds of CPU to read one SQL text of 1 KiB (`readSql`). */
  readonly sql: Series
  readonly identity?: IdentityResults
  /** Of the gateway under GETs, by station. */
  readonly profile?: readonly ProfileShare[]
}
