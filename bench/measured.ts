// The server's side of a measurement. A server under test prints one JSON line when it is ready,
// answers `usage` on its IPC channel and ends at SIGTERM (which also writes a CPU profile, where one
// is taken).

/** What the client asks for. */
export interface Asking {
  readonly path: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Of a POST; none of a GET or a PUT. */
  readonly body?: string
}

export interface Ready extends Asking {
  readonly port: number
  readonly pid: number
  /** What it is asked for where queries are measured. */
  readonly query?: Asking
}

export interface Usage {
  /** User and system time of this process since its start. */
  readonly cpuMicroseconds: number
  readonly residentBytes: number
}

export function announce(ready: Omit<Ready, 'pid'>, close: () => void): void {
  process.on('message', (message) => {
    // With --expose-gc: what is left when the garbage is gone.
    if (message === 'collected usage') globalThis.gc?.()
    if (message === 'usage' || message === 'collected usage') process.send?.(usage())
  })
  process.once('SIGTERM', () => {
    close()
    process.exit(0)
  })
  process.stdout.write(`${JSON.stringify({ ...ready, pid: process.pid })}\n`)
}

function usage(): Usage {
  const { user, system } = process.cpuUsage()
  return { cpuMicroseconds: user + system, residentBytes: process.memoryUsage.rss() }
}
