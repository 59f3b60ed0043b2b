// A `gcloud` for the documentation's commands: nothing is sent. It checks that each command has
// exactly the flags that the gcloud reference requires for what is meant, and of each value the form
// that IAM gives it.

import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'

const NUMBER = '[0-9]{6,20}'
const POOL = `//iam\\.googleapis\\.com/projects/${NUMBER}/locations/global/workloadIdentityPools/[a-z0-9-]{4,32}`
const MEMBER = new RegExp(
  `^(?:principal:${POOL}/subject/spiffe://.+|principalSet:${POOL}/attribute\\.[a-z_]+/[^/]+)$`,
)
const SERVICE_ACCOUNT = /^[a-z0-9-]{6,30}@[a-z0-9-]+\.iam\.gserviceaccount\.com$/
const MAPPING =
  /^google\.subject=assertion\.sub(?:,attribute\.[a-z_]+=assertion\.svidgate\.(?:tenant|agent|role|spiffe_id))*$/
const PERMISSIONS = /^[a-z]+\.[a-zA-Z]+\.[a-zA-Z]+(?:,[a-z]+\.[a-zA-Z]+\.[a-zA-Z]+)*$/
const ANY = /^.+$/
const POSITIONAL = '0'

type Flags = Readonly<Record<string, RegExp>>

const COMMANDS: ReadonlyMap<string, Flags> = new Map<string, Flags>([
  [
    'iam workload-identity-pools create',
    { [POSITIONAL]: /^[a-z0-9-]{4,32}$/, project: ANY, location: /^global$/ },
  ],
  [
    'iam workload-identity-pools providers create-oidc',
    {
      [POSITIONAL]: /^[a-z0-9-]{4,32}$/,
      project: ANY,
      location: /^global$/,
      'workload-identity-pool': /^[a-z0-9-]{4,32}$/,
      'issuer-uri': /^https:\/\/[a-z0-9.-]+$/,
      'attribute-mapping': MAPPING,
      'attribute-condition': /^assertion\.svidgate\.tenant == '[a-z0-9-]+'$/,
    },
  ],
  [
    'iam roles create',
    { [POSITIONAL]: /^[a-zA-Z0-9_.]{3,64}$/, project: ANY, permissions: PERMISSIONS },
  ],
  [
    'projects add-iam-policy-binding',
    {
      [POSITIONAL]: /^[a-z][a-z0-9-]{5,29}$/,
      role: /^projects\/[a-z0-9-]+\/roles\/[a-zA-Z0-9_.]+$/,
      member: MEMBER,
      condition: /^None$/,
    },
  ],
  [
    'iam service-accounts add-iam-policy-binding',
    {
      [POSITIONAL]: SERVICE_ACCOUNT,
      role: /^roles\/iam\.workloadIdentityUser$/,
      member: MEMBER,
    },
  ],
])
/** Flags that a command may have beside those. */
const OPTIONAL: Flags = { 'jwk-json-path': ANY }

const args = process.argv.slice(2)
const name = [...COMMANDS.keys()].find((known) => args.join(' ').startsWith(`${known} `))
const flags = name === undefined ? undefined : COMMANDS.get(name)
if (name === undefined || flags === undefined) {
  throw new TypeError(`gcloud ${args.join(' ')} is not known here`)
}
const { values, positionals } = parseArgs({
  args: args.slice(name.split(' ').length),
  allowPositionals: true,
  options: Object.fromEntries(
    [...Object.keys(flags), ...Object.keys(OPTIONAL)]
      .filter((flag) => flag !== POSITIONAL)
      .map((flag) => [flag, { type: 'string' as const }]),
  ),
})
if (positionals.length !== 1) throw new TypeError(`gcloud ${name}: one name is expected`)
for (const [flag, form] of Object.entries(flags)) {
  const value = flag === POSITIONAL ? positionals[0] : values[flag]
  if (typeof value !== 'string' || !form.test(value)) {
    throw new TypeError(`gcloud ${name}: --${flag} ${String(value)} does not fit ${String(form)}`)
  }
}
const keys = values['jwk-json-path']
if (typeof keys === 'string' && !existsSync(keys)) throw new TypeError(`${keys} is not there`)
