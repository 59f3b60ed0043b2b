// The list of all known operations, as `svidgate facts --catalogue` prints it.

import type { CatalogueEntry } from './classifier.ts'
import { CLASSIFIERS } from './classifiers.ts'

export function catalogue(): readonly CatalogueEntry[] {
  return [...CLASSIFIERS.values()].flatMap((classifier) => classifier.catalogue)
}
