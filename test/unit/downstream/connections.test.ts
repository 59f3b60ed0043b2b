// When an open connection ends by itself, with time by hand: at the end of its SVID, whatever happens
// to clocks meanwhile, and at its age.

import { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { Connections, SWEEP_MS } from '../../../gateway/downstream/connections.ts'
import type { PeerFields } from '../../../gateway/spiffe/peer.ts'
import { ManualTime } from '../../support/manual-time.ts'
import { peer } from '../../support/peers.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

interface Scene {
  /** Monotonic, with the timers on it. */
  readonly time: ManualTime
  /** What the wall clock shows beyond the monotonic one: a test sets it. */
  wallAhead: number
  readonly connections: Connections
  open(fields?: Partial<PeerFields>): Socket
}

function scene(t: Test, { ageMs = 365 * DAY, graceMs = 0, random = 0 } = {}): Scene {
  const time = new ManualTime()
  const opened: Socket[] = []
  const made: Scene = {
    time,
    wallAhead: 0,
    connections: new Connections({
      clock: { now: () => time.now() + made.wallAhead },
      elapsed: () => time.now(),
      timers: time,
      random: () => random,
      maxAge: () => ({ ageMs, graceMs }),
      onCount: () => undefined,
    }),
    open: (fields) => {
      const socket = new Socket()
      opened.push(socket)
      made.connections.add(socket, peer(fields))
      return socket
    },
  }
  t.teardown(() => {
    for (const socket of opened) socket.destroy()
  })
  return made
}

t.test('each connection ends with its own SVID, to the millisecond', async (t) => {
  const { time, open } = scene(t)
  const rows = [5 * MINUTE, 1, 90_500, 2 * DAY].map((ms) => {
    const socket = open({ expiresAt: time.now() + ms })
    return { socket, expiresAt: time.now() + ms }
  })
  for (const { socket, expiresAt } of rows.toSorted((a, b) => a.expiresAt - b.expiresAt)) {
    time.advance(expiresAt - 1 - time.now())
    t.notOk(socket.destroyed, 'not before')
    time.advance(2)
    t.ok(socket.destroyed, 'not after')
  }
})

t.test('an SVID of more than 2^31 ms ends then, and not at once', async (t) => {
  const { time, open } = scene(t)
  const socket = open({ expiresAt: time.now() + 30 * DAY })
  time.advance(30 * DAY - 1)
  t.notOk(socket.destroyed)
  time.advance(2)
  t.ok(socket.destroyed)
})

t.test('a machine that slept past the end of an SVID cuts it at its first sweep', async (t) => {
  const made = scene(t)
  const { time, open } = made
  const [short, long] = [10 * MINUTE, DAY].map((ms) => open({ expiresAt: time.now() + ms }))
  made.wallAhead = 20 * MINUTE
  time.advance(SWEEP_MS + 1)
  t.ok(short?.destroyed)
  t.notOk(long?.destroyed, 'one that is still valid stays')
})

t.test('a wall clock that is set back prolongs nothing', async (t) => {
  const made = scene(t)
  const socket = made.open({ expiresAt: made.time.now() + MINUTE })
  made.wallAhead = -DAY
  made.time.advance(MINUTE - 1)
  t.notOk(socket.destroyed)
  made.time.advance(2)
  t.ok(socket.destroyed)
})

t.test(
  'at its age it is told, and after the grace it is cut; jitter is a tenth at most',
  async (t) => {
    for (const [random, factor] of [
      [0, 1],
      [0.999_999, 0.9],
    ] as const) {
      const { time, connections, open } = scene(t, { ageMs: 10 * MINUTE, graceMs: MINUTE, random })
      const socket = open()
      time.advance(10 * MINUTE * factor - SWEEP_MS)
      t.equal(connections.get(socket)?.isLast, false, 'young')
      time.advance(2 * SWEEP_MS)
      t.equal(connections.get(socket)?.isLast, true, 'old')
      time.advance(MINUTE - 2 * SWEEP_MS)
      t.notOk(socket.destroyed, 'within the grace')
      time.advance(2 * SWEEP_MS)
      t.ok(socket.destroyed)
    }
  },
)

t.test('no timer is left when nobody is connected', async (t) => {
  const { time, connections, open } = scene(t)
  const sockets = Array.from({ length: 100 }, () => open({ expiresAt: time.now() + DAY }))
  t.equal(time.running, 1, 'one for all')
  const closed = Promise.all(
    sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))),
  )
  connections.cutUnless(() => false)
  await closed
  t.equal(time.running, 0)
})
