// The bundle half of `check`: would the gateway activate what the configuration names?

import { loadPolicy } from '../compose/generation.ts'
import type { Config } from '../config/config.ts'
import type { BundleProblem } from './check.ts'

export async function checkBundles(config: Config): Promise<readonly BundleProblem[]> {
  const loaded = await loadPolicy(config)
  if (loaded.ok) return []
  const bundle = config.policy.bundles[0]?.name ?? ''
  return loaded.error.map(({ message, hint }) => ({ bundle, message, hint }))
}
