// A network of its own for one test file: user, mount and network namespaces (namespaces(7)) in which
// a name of our choice resolves to an address of our choice, every port is free, and nothing can
// leave the machine. Servers that insist on `https://<name>` on port 443 at a public address are met
// in there with an address that RFC 5737 keeps for documentation.

import { spawn, spawnSync, type ChildProcess, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface PrivateNetwork {
  /** On the loopback device in there. */
  readonly address: string
  /** What resolves to it. */
  readonly names: readonly string[]
}

/** $1: the file that stands in for /etc/hosts; $2: the address; then the command. */
const ENTER = `
ip link set lo up
ip address add "$2"/32 dev lo
mount --bind "$1" /etc/hosts
shift 2
exec "$@"
`

/** With the rights of root where there are any; else as root of a user namespace. */
const WAYS: readonly (readonly string[])[] = [
  ['--mount', '--net'],
  ['--map-root-user', '--mount', '--net'],
]

/** Runs a compiled module in there; what it prints and how it ends is this process's own. */
export async function runInPrivateNetwork(module: URL, network: PrivateNetwork): Promise<void> {
  const flags = way()
  const dir = await mkdtemp(join(tmpdir(), 'svidgate-network-'))
  try {
    const hosts = join(dir, 'hosts')
    const own = `${network.address} ${network.names.join(' ')}\n`
    await writeFile(hosts, `${await readFile('/etc/hosts', 'utf8')}\n${own}`)
    const node = [process.execPath, ...process.execArgv, fileURLToPath(module)]
    const command = [...flags, '--', 'sh', '-ec', ENTER, 'sh', hosts, network.address, ...node]
    const child = spawn('unshare', command, { stdio: channels() })
    passQuestionsOn(child)
    const [code] = (await once(child, 'close')) as [number | null]
    process.exitCode = code ?? 1
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

const PROBE = /\/test-runner\/probe\.js$/

/** The runner's probe (scripts/test-runner/probe.ts) is in our command line, and so in the child's. */
function isProbed(): boolean {
  return process.execArgv.some((argument) => PROBE.test(argument))
}

function channels(): StdioOptions {
  return isProbed() ? ['ignore', 'inherit', 'inherit', 'inherit'] : ['ignore', 'inherit', 'inherit']
}

/** What the runner asks, the process with the test in it answers: here nothing ever goes on. */
function passQuestionsOn(child: ChildProcess): void {
  if (!isProbed()) return
  process.removeAllListeners('SIGUSR2')
  process.on('SIGUSR2', () => child.kill('SIGUSR2'))
}

/** The first way that this machine allows. */
function way(): readonly string[] {
  const said: string[] = []
  for (const flags of WAYS) {
    const tried = spawnSync('unshare', [...flags, '--', 'ip', 'link', 'set', 'lo', 'up'], {
      encoding: 'utf8',
    })
    if (tried.status === 0) return flags
    said.push(`unshare ${flags.join(' ')}: ${tried.error?.message ?? tried.stderr.trim()}`)
  }
  throw new Error(
    'a private network needs `unshare` (util-linux), `ip` (iproute2) and either root or user ' +
      `namespaces:\n${said.join('\n')}`,
  )
}
