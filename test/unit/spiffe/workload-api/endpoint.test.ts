import t from 'tap'
import { parseWorkloadEndpoint } from '../../../../gateway/spiffe/workload-api/endpoint.ts'

// SPIFFE_Workload_Endpoint.md §4, and EP rows of the conformance catalogue.

const RIGHT: readonly (readonly [text: string, target: string])[] = [
  ['unix:///run/spire/agent.sock', 'unix:/run/spire/agent.sock'],
  ['tcp://127.0.0.1:8000', 'ipv4:127.0.0.1:8000'],
  ['tcp://127.1.2.3:65535', 'ipv4:127.1.2.3:65535'],
  ['tcp://[::1]:8000', 'ipv6:[::1]:8000'],
]

for (const [text, target] of RIGHT) {
  t.test(text, (t) => {
    t.strictSame(parseWorkloadEndpoint(text), { ok: true, value: target })
    t.end()
  })
}

const WRONG: readonly (readonly [id: string, text: string])[] = [
  ['a socket with an authority', 'unix://host/run/agent.sock'],
  ['a relative path', 'unix:run/agent.sock'],
  ['one slash', 'unix:/run/agent.sock'],
  ['a query', 'unix:///run/agent.sock?a=b'],
  ['a fragment', 'unix:///run/agent.sock#a'],
  ['a NUL', 'unix:///run/agent.sock\0x'],
  ['a path that no socket can have', `unix:///${'a'.repeat(107)}`],
  ['a path alone', '/run/agent.sock'],
  ['a name', 'tcp://localhost:8000'],
  ['no port', 'tcp://127.0.0.1'],
  ['port 0', 'tcp://127.0.0.1:0'],
  ['a port beyond all', 'tcp://127.0.0.1:65536'],
  ['a path behind TCP', 'tcp://127.0.0.1:8000/a'],
  ['another machine', 'tcp://10.0.0.1:8000'],
  ['another machine that looks like this one', 'tcp://127.0.0.256:8000'],
  ['http', 'http://127.0.0.1:8000'],
  ['nothing', ''],
]

for (const [id, text] of WRONG) {
  t.test(`refused: ${id}`, (t) => {
    t.equal(parseWorkloadEndpoint(text).ok, false)
    t.end()
  })
}
