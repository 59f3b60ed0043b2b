import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { seriesOf } from '../../../bench/measure.ts'
import { readProfile } from '../../../bench/profile.ts'

const PLACES = [
  { url: 'file:///x/dist/gateway/signing/sigv4/signature.js', place: 'gateway/signing' },
  { url: 'file:///x/dist/gateway/server.js', place: 'gateway' },
  { url: 'file:///x/dist/bench/gateway.js', place: 'bench' },
  { url: 'file:///x/node_modules/undici/lib/dispatcher/pool.js', place: 'undici' },
  {
    url: 'file:///x/node_modules/@open-policy-agent/opa-wasm/dist/index.js',
    place: '@open-policy-agent/opa-wasm',
  },
  { url: 'node:internal/streams/readable', place: 'node:internal/streams' },
  { url: 'node:_http_server', place: 'node:_http_server' },
  { url: 'wasm://wasm/0a1b', place: 'policy (WASM)' },
  { url: '', functionName: '(garbage collector)', place: '(garbage collector)' },
]

for (const { url, functionName = 'f', place } of PLACES) {
  t.test(`time in ${url === '' ? functionName : url} belongs to ${place}`, async (t) => {
    t.same(profile(t.testdir(), [{ url, functionName, time: 5 }]), [{ place, percent: 100 }])
  })
}

t.test('shares are of the time in which the process was not idle', async (t) => {
  const shares = profile(t.testdir(), [
    { url: '', functionName: '(idle)', time: 900 },
    { url: 'file:///x/dist/gateway/facts/classify.js', functionName: 'f', time: 25 },
    { url: 'file:///x/dist/gateway/shape/shape.js', functionName: 'f', time: 75 },
  ])
  t.same(shares, [
    { place: 'gateway/shape', percent: 75 },
    { place: 'gateway/facts', percent: 25 },
  ])
})

t.test('a series has its median, not its mean', async (t) => {
  t.match(seriesOf([9, 1, 2]), { median: 2, min: 1, max: 9 })
  t.match(seriesOf([4, 1, 2, 100]), { median: 3, min: 1, max: 100 })
})

function profile(
  directory: string,
  frames: readonly { url: string; functionName: string; time: number }[],
): unknown {
  const file = join(directory, 'x.cpuprofile')
  const text = JSON.stringify({
    nodes: frames.map(({ url, functionName }, index) => ({
      id: index + 1,
      callFrame: { url, functionName },
    })),
    samples: frames.map((_, index) => index + 1),
    timeDeltas: frames.map(({ time }) => time),
  })
  writeFileSync(file, text)
  return readProfile(file)
}
