// Where a request says that its data is. BigQuery takes a location in any case; facts have it in the
// spelling of the documentation: multi-regions in upper case, regions in lower.

import { GCP_LOCATIONS } from '../../../routing/gcp-locations.ts'

const MULTI_REGION_LENGTH = 2

/** In the one spelling; undefined where BigQuery has no such location. */
export function canonicalLocation(text: string): string | undefined {
  const lower = text.toLowerCase()
  if (!GCP_LOCATIONS.has(lower)) return undefined
  return lower.length === MULTI_REGION_LENGTH ? lower.toUpperCase() : lower
}
