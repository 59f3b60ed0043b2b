// Expected values were printed by OPA itself; test/real/opa.test.ts asks it again.

import t from 'tap'
import {
  isJsonArray,
  isJsonObject,
  type JsonObject,
  parseStrictJson,
  writeJson,
} from '../../../../gateway/util/json.ts'
import { engineOf, NOW_NS, repositoryFile } from '../../../support/policy.ts'

async function cases(): Promise<readonly JsonObject[]> {
  const text = (await repositoryFile('test/fixtures/policy/builtin-cases.json')).toString()
  const parsed = parseStrictJson(text, { maxDepth: 32 })
  if (!parsed.ok || !isJsonArray(parsed.value)) throw new Error('unreadable cases')
  return parsed.value.filter(isJsonObject)
}

function textOf(one: JsonObject, key: string): string {
  const value = one.get(key)
  if (typeof value !== 'string') throw new Error(`a case without ${key}`)
  return value
}

t.test('host built-ins answer as OPA does, or not at all', async (t) => {
  const engine = await engineOf('test/fixtures/bundles/hostile.tar.gz')
  const list = await cases()
  t.ok(list.length > 200)
  for (const one of list) {
    const id = textOf(one, 'id')
    const input = writeJson(one.get('input') ?? null)
    const result = engine.evaluateText(textOf(one, 'entrypoint'), {
      text: input,
      nowNs: NOW_NS,
    })
    const expected = one.get('unsupported') === true ? undefined : one.get('expect')
    if (expected === undefined) {
      t.equal(result.ok ? result.value : result.error.kind, 'undefined', id)
    } else {
      t.equal(result.ok ? result.value : result.error.detail, writeJson(expected), id)
    }
  }
  t.equal(engine.discarded, 0, 'no case costs an instance')
})

t.test('the clock is the one that comes with the input, and stands still', async (t) => {
  const engine = await engineOf('test/fixtures/bundles/hostile.tar.gz')
  for (const nowNs of ['1', '1795456800123456789']) {
    const result = engine.evaluateText('hostile/now', { text: '{}', nowNs })
    t.ok(result.ok)
    if (result.ok) t.equal(result.value, nowNs)
  }
})

t.test('a format cannot ask for more text than a message holds', async (t) => {
  const engine = await engineOf('test/fixtures/bundles/hostile.tar.gz')
  for (const format of ['%999999999d', '%.999999999f', '%0999999999d']) {
    const text = JSON.stringify({ format, args: [1.5] })
    t.match(engine.evaluateText('hostile/host', { text, nowNs: '0' }), { ok: false })
  }
})
