// Where the commands and programs of one document run: a directory with the files that the documents
// name, `svidgate` on the PATH, and a running gateway in front of a sandbox cloud. The environment and
// the files that one block leaves behind are there for the next.

import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import type { DevTrustDomain } from '../../gateway/spiffe/dev-ca.ts'
import { runCommand, type CommandResult } from '../../scripts/support/run-command.ts'
import { DocShell } from './doc-shell.ts'
import type { TestGateway } from './running-gateway.ts'
import { signBundle } from './sign-bundle.ts'
import { bundleJson } from './bundle-json.ts'
import { repositoryRoot } from './test-data.ts'

/** A program that takes longer hangs. */
const PROGRAM_MS = 60_000
const EXAMPLE_NAMES = [
  'gw.example.org',
  's3.gw.example.org',
  '*.s3.gw.example.org',
  'bigquery.gw.example.org',
]

export interface DocScene {
  readonly dir: string
  /** Text of a document → the same for this machine: the documents' addresses are not ours. */
  adapted(text: string): string
  /** Runs commands in the document's one shell. */
  sh(script: string): Promise<CommandResult>
  /** Runs a program in a file of the directory. */
  run(program: string, file: string, text: string): Promise<CommandResult>
  write(name: string, text: string): Promise<void>
  close(): Promise<void>
}

export interface DocSceneOptions {
  readonly gateway: TestGateway
  /** Directories before the PATH of this process, e.g. one that holds `opa`. */
  readonly path?: readonly string[]
}

export async function openDocScene({ gateway, path = [] }: DocSceneOptions): Promise<DocScene> {
  const dir = await mkdtemp(join(tmpdir(), 'svidgate-docs-'))
  const ports = await freePorts()
  await layOut(dir, gateway, ports)
  const bin = join(dir, '.bin')
  const first: Readonly<Record<string, string>> = {
    PATH: [bin, ...path, dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter),
    HOME: dir,
  }
  const adapted = (text: string): string =>
    text
      .replaceAll('gw.example.org:8443', `localhost:${gateway.port}`)
      .replaceAll('0.0.0.0:8443', `127.0.0.1:${ports.data}`)
      .replaceAll(/(?:0\.0\.0\.0|127\.0\.0\.1):8480/g, `127.0.0.1:${ports.health}`)
      .replaceAll('127.0.0.1:8482', `127.0.0.1:${ports.issuer}`)
  let env = first
  const shell = new DocShell(dir, first)
  const run = (command: readonly string[]): Promise<CommandResult> => {
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
    const deadline = AbortSignal.timeout(PROGRAM_MS)
    return runCommand(['env', '-i', ...variables, ...command], { cwd: dir, deadline })
  }
  return {
    dir,
    adapted,
    sh: async (script) => {
      const state = join(dir, '.env.json')
      const keep = `node -e 'process.stdout.write(JSON.stringify(process.env))' >${state}`
      const result = await shell.run(`${adapted(script)}\n${keep}\n`)
      if (result.ok) env = JSON.parse(await readFile(state, 'utf8')) as Record<string, string>
      return result
    },
    run: async (program, file, text) => {
      await writeFile(join(dir, file), adapted(text))
      return run([program, file])
    },
    write: async (name, text) => {
      await writeFile(join(dir, name), adapted(text), { mode: 0o600 })
    },
    close: async () => {
      await shell.gone()
      await rm(dir, { recursive: true, force: true })
    },
  }

  async function layOut(root: string, running: TestGateway, at: Ports): Promise<void> {
    const repository = repositoryRoot()
    await cp(join(repository, 'policies'), join(root, 'policies'), { recursive: true })
    await symlink(join(repository, 'node_modules'), join(root, 'node_modules'))
    const bundle = await readFile(join(repository, 'bundles/authz.tar.gz'))
    const writer = running.svid('writer')
    const researcher = running.svid('researcher')
    const files: Record<string, string | Buffer> = {
      'authz.tar.gz': bundle,
      'hexr.tar.gz': await readFile(join(repository, 'bundles/hexr.tar.gz')),
      'svid.pem': writer.certPem,
      'svid.key': writer.keyPem,
      'researcher.pem': researcher.certPem,
      'researcher.key': researcher.keyPem,
      'gw-ca.pem': running.webCaPem,
      ...exampleFiles(running.domain, bundle),
      'svidgate.yaml': localExample(
        await readFile(join(repository, 'docs/examples/svidgate.yaml'), 'utf8'),
        at,
      ),
      ...shims(repository),
    }
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(root, name)), { recursive: true })
      await writeFile(join(root, name), content, { mode: name.startsWith('.bin/') ? 0o700 : 0o600 })
    }
  }
}

interface Ports {
  readonly data: number
  readonly health: number
  readonly issuer: number
}

/** Of this moment: whoever takes one in between makes the document's `serve` fail, not pass. */
async function freePorts(): Promise<Ports> {
  const servers = [createServer(), createServer(), createServer()]
  const ports: number[] = []
  for (const server of servers) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    ports.push(typeof address === 'object' && address !== null ? address.port : 0)
  }
  for (const server of servers) {
    server.close()
    await once(server, 'close')
  }
  const [data = 0, health = 0, issuer = 0] = ports
  return { data, health, issuer }
}

function localExample(yaml: string, ports: Ports): string {
  return yaml
    .replace('0.0.0.0:8443', `127.0.0.1:${ports.data}`)
    .replace('0.0.0.0:8480', `127.0.0.1:${ports.health}`)
    .replace('127.0.0.1:8482', `127.0.0.1:${ports.issuer}`)
}

/** What docs/examples/svidgate.yaml names, but for what the gateway makes itself. */
function exampleFiles(domain: DevTrustDomain, bundle: Buffer): Record<string, string | Buffer> {
  const server = domain.issueServerCertificate({ names: EXAMPLE_NAMES })
  const signed = signBundle(bundle)
  return {
    'tls/gw.pem': server.certPem,
    'tls/gw.key': server.keyPem,
    'identity/example.org.pem': domain.caPem,
    'identity/deny.txt': '',
    'partner.json': bundleJson([domain.caPem]),
    'bundles/authz.tar.gz': signed.bytes,
    'keys/bundle.pub.pem': signed.publicKeyPem,
  }
}

/** `make demo` plays the demo that is built; of other targets make itself says that they exist. */
function shims(repository: string): Record<string, string> {
  const node = (script: string): string =>
    `#!/bin/sh\nexec node ${join(repository, 'dist', script)} "$@"\n`
  return {
    '.bin/svidgate': node('gateway/main.js'),
    '.bin/curl': node('test/support/stand-in-curl.js'),
    '.bin/aws': node('test/support/stand-in-aws.js'),
    '.bin/gcloud': node('test/support/stand-in-gcloud.js'),
    '.bin/make': `#!/bin/sh
if [ "$*" = demo ]; then exec svidgate demo; fi
PATH=\${PATH#*:} exec make -n -C ${repository} "$@" >/dev/null
`,
  }
}
