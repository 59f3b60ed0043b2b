import t from 'tap'
import { BuiltinError } from '../../../../gateway/policy/wasm/builtins/builtin.ts'
import { hostBuiltins } from '../../../../gateway/policy/wasm/host-builtins.ts'
import { createWasmEngine, type WasmEngine } from '../../../../gateway/policy/wasm/wasm-engine.ts'
import { compileModule } from '../../../../gateway/policy/wasm/webassembly.ts'
import { readBundle } from '../../../../gateway/policy/bundle/bundle.ts'
import { engineOf, repositoryFile, UNSIGNED } from '../../../support/policy.ts'

const HOSTILE = 'test/fixtures/bundles/hostile.tar.gz'

function run(engine: WasmEngine, rule: string, text: string): string {
  const result = engine.evaluateText(`hostile/${rule}`, { text, nowNs: '0' })
  return result.ok ? result.value : `${result.error.kind}: ${result.error.detail}`
}

t.test('after 6,000 evaluations that threw, the next decision is right', async (t) => {
  const builtins = new Map(hostBuiltins())
  builtins.set('sprintf', () => {
    throw new RangeError('a built-in of ours is broken')
  })
  const engine = await engineOf(HOSTILE, { builtins })
  const throwing: readonly (readonly [rule: string, text: string, says: RegExp])[] = [
    ['conflict', '{"a":true,"b":true}', /^threw: .*var assignment conflict/],
    ['host', '{"format":"x","args":[]}', /^threw: a built-in of ours is broken/],
    ['echo', '{"a":"\\ud800"}', /^threw: illegal string escape/],
  ]
  for (const [rule, text, says] of throwing) {
    for (let index = 0; index < 2000; index += 1) {
      const answer = run(engine, rule, text)
      if (!says.test(answer)) t.fail(`${rule} ${String(index)}: ${answer}`)
    }
    t.equal(run(engine, 'conflict', '{"a":true,"b":false}'), '1', `right after ${rule}`)
    t.equal(run(engine, 'conflict', '{"a":false,"b":true}'), '2')
    t.equal(run(engine, 'revoked', '{}'), 'true', 'the data is there again')
  }
  t.equal(engine.discarded, 6000)
})

t.test('a built-in without a value leaves the call undefined and the instance alive', async (t) => {
  const builtins = new Map(hostBuiltins())
  builtins.set('sprintf', () => {
    throw new BuiltinError('no value')
  })
  const engine = await engineOf(HOSTILE, { builtins })
  t.match(run(engine, 'host', '{"format":"x","args":[]}'), /^undefined/)
  t.equal(engine.discarded, 0)
})

t.test('a memory bomb ends at the maximum, soon, and the engine goes on', async (t) => {
  const engine = await engineOf(HOSTILE)
  const bomb = JSON.stringify({ items: Array.from({ length: 5000 }, (_, index) => index) })
  const start = performance.now()
  t.match(run(engine, 'pairs', bomb), /^threw: opa_malloc: failed/)
  t.ok(performance.now() - start < 2000, 'in far less than the minute and more that it would run')
  t.equal(run(engine, 'pairs', '{"items":[1,2,3]}'), '9')
})

t.test('input beyond the memory is a failure, not a crash', async (t) => {
  const engine = await engineOf(HOSTILE)
  const huge = JSON.stringify({ a: 'x'.repeat(40 * 1024 * 1024) })
  t.match(run(engine, 'echo', huge), /^threw/)
  t.equal(run(engine, 'echo', '1'), '1')
})

t.test('input larger than the working memory is evaluated', async (t) => {
  const engine = await engineOf(HOSTILE)
  const text = JSON.stringify({ a: 'é'.repeat(700_000) })
  t.equal(run(engine, 'echo', text), text)
  t.equal(run(engine, 'echo', '{"a":"é😀"}'), '{"a":"é😀"}')
})

t.test('one evaluation leaves nothing to the next', async (t) => {
  const engine = await engineOf(HOSTILE)
  const first = run(engine, 'echo', '{"secret":"a long value that fills the memory"}')
  t.match(first, /long value/)
  t.equal(run(engine, 'echo', '{}'), '{}')
  t.match(run(engine, 'is_ready', '{}'), /^undefined/)
  t.equal(run(engine, 'is_ready', '{"ready":true}'), 'true')
  t.match(run(engine, 'is_ready', '{"ready":false}'), /^undefined/)
})

t.test('digits of results are those that the policy computed', async (t) => {
  const engine = await engineOf(HOSTILE)
  const text = '[12345678901234567890123,0.10,1.0]'
  t.equal(run(engine, 'echo', text), text)
  const parsed = engine.evaluate('hostile/echo', { text: '{"a":[1,"x",null]}', nowNs: '0' })
  t.same(parsed, { ok: true, value: { a: [1, 'x', null] } })
})

t.test('an entrypoint that is not there is unavailable', async (t) => {
  const engine = await engineOf(HOSTILE)
  for (const name of ['hostile/none', '', 'toString', '__proto__', '0']) {
    t.match(engine.evaluate(name, { text: '{}', nowNs: '0' }), { error: { kind: 'unavailable' } })
  }
  t.equal(engine.discarded, 0)
})

t.test('the spare is made outside of evaluations', async (t) => {
  const bundle = readBundle(await repositoryFile(HOSTILE), UNSIGNED)
  if (!bundle.ok) throw new Error(bundle.error.message)
  const tasks: (() => void)[] = []
  const engine = createWasmEngine({
    module: compileModule(bundle.value.module),
    moduleBytes: bundle.value.module.length,
    data: bundle.value.dataText,
    bundles: { authz: { revision: 'r', sha256: 's' } },
    builtins: hostBuiltins(),
    later: (task) => tasks.push(task),
  })
  if (!engine.ok) throw new Error('no engine')
  const conflict = '{"a":true,"b":true}'
  t.match(run(engine.value, 'conflict', conflict), /^threw/)
  t.match(run(engine.value, 'conflict', conflict), /^threw/)
  t.equal(tasks.length, 1, 'asked for once')
  t.match(run(engine.value, 'conflict', conflict), /^threw/)
  for (const task of tasks.splice(0)) task()
  t.match(run(engine.value, 'conflict', conflict), /^threw/)
  t.equal(tasks.length, 1, 'asked for again when it was used')
  t.equal(run(engine.value, 'revoked', '{}'), 'true')
  for (const task of tasks.splice(0)) task()
  t.equal(run(engine.value, 'revoked', '{}'), 'true')
  t.same(engine.value.bundles, { authz: { revision: 'r', sha256: 's' } })
  t.equal(engine.value.entrypoints.length, 19)
})

t.test('large data is loaded and copied whole', async (t) => {
  const flags = Array.from(
    { length: 20_000 },
    (_, index) => [`key${String(index)}`, index] as const,
  )
  const data = JSON.stringify({
    hostile_flags: { revoked: Object.fromEntries(flags) },
    hostile_grants: [],
  })
  const engine = await engineOf(HOSTILE, { data })
  const value = run(engine, 'revoked', '{}')
  t.match(value, '"key19999":19999')
  t.match(run(engine, 'conflict', '{"a":true,"b":true}'), /^threw/)
  t.equal(run(engine, 'revoked', '{}'), value)
})

t.test('a module that needs what the host lacks is named with all of it', async (t) => {
  const bundle = readBundle(await repositoryFile('test/fixtures/bundles/network.tar.gz'), UNSIGNED)
  if (!bundle.ok) throw new Error(bundle.error.message)
  const { module, dataText } = bundle.value
  const engine = createWasmEngine({
    module: compileModule(module),
    moduleBytes: module.length,
    data: dataText,
    bundles: {},
    builtins: hostBuiltins(),
  })
  t.same(engine, { ok: false, error: { kind: 'builtins', missing: ['http.send', 'uuid.rfc4122'] } })
})

t.test('a module of another kind is refused', (t) => {
  // The smallest module there is: magic and version.
  const empty = Buffer.from('0061736d01000000', 'hex')
  const engine = createWasmEngine({
    module: compileModule(empty),
    moduleBytes: empty.length,
    data: '{}',
    bundles: {},
    builtins: hostBuiltins(),
  })
  t.match(engine, { ok: false, error: { kind: 'module', detail: /ABI/ } })
  t.end()
})
