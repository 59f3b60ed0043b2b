// Project Wycheproof's vectors for JSON Web Signatures and Keys (github.com/C2SP/wycheproof,
// `testvectors_v1`), against the settings by which JWT-SVIDs are verified. Whatever they call invalid
// is refused. Of what they call valid, only two kinds are: symmetric algorithms, which JWT-SVID.md §2.1
// forbids, and tokens of another algorithm than the key itself says.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { jwtAuthoritiesOf } from '../../gateway/spiffe/jwt-authority.ts'
import { readJws, verifyJws } from '../../gateway/spiffe/jws.ts'
import { repositoryRoot } from '../support/test-data.ts'

interface Vector {
  readonly tcId: number
  readonly comment: string
  readonly jws: string | object
  readonly result: 'valid' | 'invalid'
}

interface Group {
  readonly comment: string
  readonly key: Readonly<Record<string, unknown>>
  readonly tests: readonly Vector[]
}

const FILE = join(repositoryRoot(), 'test/conformance/wycheproof/jws.json')
const { signature, key } = JSON.parse(await readFile(FILE, 'utf8')) as {
  signature: Group[]
  key: Group[]
}

/** Their keys say `sig`; in a SPIFFE bundle the same thing is called `jwt-svid`. */
function asBundleKeys({ key: jwk }: Group): unknown[] {
  const keys = Array.isArray(jwk['keys']) ? (jwk['keys'] as Record<string, unknown>[]) : [jwk]
  return keys.map((each) => {
    const { use } = each
    return { kid: 'unnamed', ...each, use: use === 'sig' || use === undefined ? 'jwt-svid' : use }
  })
}

async function isAccepted(group: Group, { jws }: Vector): Promise<boolean> {
  const read = readJws(typeof jws === 'string' ? jws : JSON.stringify(jws))
  return read.ok && (await verifyJws(read.value, jwtAuthoritiesOf(asBundleKeys(group)))).ok
}

/** Why one that is valid for others is none for a JWT-SVID. */
function exception({ key: jwk }: Group, { jws }: Vector): string | undefined {
  const [head = ''] = String(jws).split('.')
  const alg = /"alg"\s*:\s*"(\w+)"/.exec(Buffer.from(head, 'base64url').toString())?.[1] ?? ''
  if (alg.startsWith('HS')) return 'symmetric'
  if (typeof jwk['alg'] === 'string' && jwk['alg'] !== alg) return 'the key says another algorithm'
  return undefined
}

for (const [file, groups] of Object.entries({ signature, key })) {
  t.test(`json_web_${file}_test.json`, async (t) => {
    let accepted = 0
    for (const group of groups) {
      for (const vector of group.tests) {
        const title = `${vector.tcId} ${group.comment}: ${vector.comment}`
        const isGood = await isAccepted(group, vector)
        if (isGood) accepted += 1
        const expected = vector.result === 'valid' && exception(group, vector) === undefined
        if (isGood !== expected) t.fail(`${title}: ${isGood ? 'accepted' : 'refused'}`)
      }
    }
    t.ok(accepted > 0, `${accepted} accepted`)
  })
}
