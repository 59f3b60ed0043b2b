// How long this process has computed. For judging how slow something is: what else runs on the
// machine at that moment is not its fault.

/** Milliseconds with fractions; only moves forward. */
export function cpuTimeMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
