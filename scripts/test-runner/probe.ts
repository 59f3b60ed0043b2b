// Loaded into every test process before the test (`node --import`). It changes nothing; when the
// runner asks by signal, it writes to descriptor 3 what keeps the event loop alive, and whether a
// test is under way: the root of tap prints nothing while a test waits.

import { writeSync } from 'node:fs'

/** Where the runner listens. */
const REPORT_DESCRIPTOR = 3
/** The key under which tap keeps its root, so that several copies of it share one. */
const TAP_ROOT = Symbol.for('TAP private constructor')

process.on('SIGUSR2', () => {
  const report = { testing: isTesting(), resources: process.getActiveResourcesInfo() }
  writeSync(REPORT_DESCRIPTOR, `${JSON.stringify(report)}\n`)
})

/** Undefined without tap in this process. */
function isTesting(): boolean | undefined {
  const root: unknown = Reflect.get(globalThis, TAP_ROOT)
  return typeof root === 'object' && root !== null
    ? Boolean(Reflect.get(root, 'occupied'))
    : undefined
}
