// The one schema of `svidgate.yaml` (docs/CONFIG.md): strict, with every field's meaning, default
// and reload behaviour. The JSON Schema and docs/CONFIG.md are generated from it. Rules that span
// several fields stand in `checks/`.

import { z } from 'zod'
import { bindings, credentials, egress, routes } from './schema/access.ts'
import { hot, restart, trustDomain } from './schema/fields.ts'
import { identity, issuer, tokenSource } from './schema/identity.ts'
import { listen } from './schema/listen.ts'
import { audit, limits, state, telemetry } from './schema/operation.ts'
import { policy } from './schema/policy.ts'

export const configSchema = z.strictObject({
  version: restart(z.literal(1), 'The version of this format.'),
  trustDomain: restart(trustDomain, 'Our own trust domain.'),
  workers: restart(z.literal(1).prefault(1), 'Processes. Only 1 in this version.'),
  listen: restart(listen, 'Listeners.'),
  identity: hot(identity, 'Whose SVIDs count, and what their SPIFFE IDs mean.'),
  issuer: restart(issuer.optional(), 'The OIDC issuer that the clouds trust.'),
  tokenSource: restart(tokenSource, 'Where the tokens for the clouds come from.'),
  policy: hot(policy, 'Which bundles decide.'),
  credentials: hot(credentials, 'Credentials by name.'),
  bindings: hot(bindings, 'Which agents may use which credentials at which service.'),
  routes: hot(routes, 'Where each service is.'),
  egress: hot(egress, 'Which addresses upstreams may have.'),
  audit: restart(audit, 'Decision records.'),
  limits: hot(limits, 'Limits.'),
  state: restart(state, 'What replicas share.'),
  telemetry: hot(telemetry, 'Log and metrics.'),
})

/** As the schema yields it: before references to files are followed. */
export type ParsedConfig = z.output<typeof configSchema>

/** The sections that were right, when others were not. */
export type ConfigParts = { readonly [Section in keyof ParsedConfig]?: ParsedConfig[Section] }
