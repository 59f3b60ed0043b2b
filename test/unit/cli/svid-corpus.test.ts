// `svid verify` is the listener's validator and nothing beside it: over the whole conformance table
// it gives the same verdict, and names the rule.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import t from 'tap'
import type { CliIo } from '../../../gateway/cli/command.ts'
import { svidVerify } from '../../../gateway/cli/svid.ts'
import type { TrustBundleSet } from '../../../gateway/spiffe/trust-bundle.ts'
import { verifyX509Svid } from '../../../gateway/spiffe/verify.ts'
import { accepts, rejects } from '../../conformance/svid/rows.ts'
import { NOW, pem } from '../../support/ca.ts'

const dir = t.testdir()
const files = new Map<string, string>()

/** The same bytes are written once. */
function file(content: string): string {
  let path = files.get(content)
  if (path === undefined) {
    path = join(dir, `${files.size}.pem`)
    writeFileSync(path, content)
    files.set(content, path)
  }
  return path
}

const pemOf = (ders: readonly Buffer[]): string => pem(...ders.map((der) => ({ der })))

function bundleOptions(bundles: TrustBundleSet): readonly string[] {
  return bundles.trustDomains.map((trustDomain) => {
    const anchors = bundles.get(trustDomain)?.anchors ?? []
    const text =
      anchors.length === 0
        ? '{"keys":[]}'
        : pemOf(anchors.map(({ certificate }) => certificate.der))
    return `${trustDomain}=${file(text)}`
  })
}

async function verify(
  chain: readonly Buffer[],
  bundles: TrustBundleSet,
  at: number,
  json: boolean,
): Promise<{ readonly exit: number; readonly text: string }> {
  const printed: string[] = []
  const io: CliIo = {
    out: (text) => void printed.push(text),
    err: (text) => void printed.push(text),
    stdin: Readable.from([]),
    isTerminal: false,
    env: {},
  }
  const options = {
    chain: file(pemOf(chain)),
    bundle: bundleOptions(bundles),
    at: new Date(at).toISOString(),
    json,
  }
  const exit = await svidVerify(options, io)
  return { exit, text: printed.join('') }
}

t.test('svid verify accepts what the listener accepts', async (t) => {
  for (const { id, chain, bundles, at = NOW, spiffeId } of accepts) {
    const { exit, text } = await verify(chain, bundles, at, true)
    t.equal(text, `${JSON.stringify({ ok: true, spiffe_id: spiffeId })}\n`, id)
    t.equal(exit, 0, id)
  }
})

t.test('svid verify refuses what the listener refuses, by the same rule', async (t) => {
  // An empty block of PEM is none: `svid verify` cannot be given a certificate of no bytes.
  const rows = rejects.filter(({ chain }) => !chain.some((der) => der.length === 0))
  t.equal(rejects.length - rows.length, 1)
  for (const { id, chain, bundles, at = NOW, rule } of rows) {
    const verdict = verifyX509Svid(chain, bundles, at)
    const { exit, text } = await verify(chain, bundles, at, true)
    t.equal(exit, 1, id)
    t.match(JSON.parse(text), { ok: false, rule }, id)
    if (!verdict.ok) t.match(JSON.parse(text), { code: verdict.error.code }, id)
    const people = await verify(chain, bundles, at, false)
    t.ok(people.text.endsWith(`, rule ${rule}\n`), id)
  }
})
