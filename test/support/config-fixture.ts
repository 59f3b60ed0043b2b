// A right configuration, the files that it names, and a file system in memory to load it from.

import type { ConfigFiles } from '../../gateway/config/files/port.ts'
import { loadConfig, type LoadedConfig } from '../../gateway/config/load.ts'
import type { ConfigProblem } from '../../gateway/config/problem.ts'
import type { Result } from '../../gateway/util/result.ts'
import { distinguishedName, dnsName, makeCertificate, pem, san } from './ca.ts'

export interface MemoryFile {
  readonly text: string
  readonly mode?: number
}

/** Paths are absolute. */
export function memoryFiles(files: ReadonlyMap<string, MemoryFile>): ConfigFiles {
  return {
    async read(path, maxBytes) {
      const file = files.get(path)
      if (file === undefined) return { ok: false, failure: 'missing' }
      const bytes = Buffer.from(file.text, 'utf8')
      if (bytes.length > maxBytes) return { ok: false, failure: 'too-large' }
      return { ok: true, content: { bytes, mode: file.mode ?? 0o600 } }
    },
    async kind(path) {
      return files.has(path) ? 'file' : undefined
    },
  }
}

interface KeyAndCertificate {
  readonly key: string
  readonly certificate: string
  readonly publicKey: string
}

/** Self-signed, with the DNS names as subject alternative names. */
function selfSigned(names: readonly string[]): KeyAndCertificate {
  const made = makeCertificate({
    subject: distinguishedName('gateway'),
    extensions: [san(names.map(dnsName))],
  })
  const { privateKey, publicKey } = made.keys
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: pem(made),
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  }
}

export const SERVER = selfSigned([
  'gw.example.org',
  's3.gw.example.org',
  '*.s3.gw.example.org',
  'bigquery.gw.example.org',
])
export const OTHER = selfSigned(['other.example.org'])

/** Lines are numbered in the assertions of `load.test.ts`: add at the end only. */
export const RIGHT_CONFIG = `version: 1
trustDomain: example.org
listen:
  data:
    address: 127.0.0.1:8443
    hostnames: [gw.example.org]
    tls:
      - kind: files
        names: [gw.example.org, "*.s3.gw.example.org"]
        cert: file:./gw.pem
        key: file:./gw.key
identity:
  source: { kind: files, trustBundle: bundle.pem }
issuer:
  url: https://oidc.example.org
  keys: { dir: ./issuer-keys }
policy:
  bundles: [{ name: authz, source: "file:authz.tar.gz" }]
  verification: { keys: { main: bundle.pub } }
credentials:
  s3: { kind: aws-web-identity, roleArn: "arn:aws:iam::123456789012:role/agents-{role}", region: eu-west-1 }
bindings:
  - { service: aws_s3, subject: "spiffe://example.org/agent/acme/*/*", credentials: [s3] }
routes:
  - { service: aws_s3, upstream: "https://s3.{region}.amazonaws.com", regions: [eu-west-1] }
audit:
  sinks: [{ kind: file, dir: ./audit }]
  key: audit.key
`

export const DIRECTORY = '/etc/svidgate'
export const CONFIG_PATH = `${DIRECTORY}/svidgate.yaml`

export function rightFiles(config: string = RIGHT_CONFIG): Map<string, MemoryFile> {
  const at = (name: string) => `${DIRECTORY}/${name}`
  return new Map<string, MemoryFile>([
    [CONFIG_PATH, { text: config, mode: 0o644 }],
    [at('gw.pem'), { text: SERVER.certificate, mode: 0o644 }],
    [at('gw.key'), { text: SERVER.key }],
    [at('bundle.pem'), { text: OTHER.certificate, mode: 0o644 }],
    [at('authz.tar.gz'), { text: 'bundle', mode: 0o644 }],
    [at('bundle.pub'), { text: OTHER.publicKey, mode: 0o644 }],
    [at('deny.txt'), { text: '', mode: 0o644 }],
    [at('partner.pem'), { text: OTHER.certificate, mode: 0o644 }],
    [at('ca.pem'), { text: OTHER.certificate, mode: 0o644 }],
  ])
}

export function load(
  config: string,
  options: {
    readonly env?: Readonly<Record<string, string>>
    readonly files?: ReadonlyMap<string, MemoryFile>
  } = {},
): Promise<Result<LoadedConfig, readonly ConfigProblem[]>> {
  const files = options.files ?? rightFiles(config)
  return loadConfig(CONFIG_PATH, { env: options.env ?? {}, files: memoryFiles(files) })
}

/** Loads what must be right. */
export async function loadRight(
  config: string = RIGHT_CONFIG,
  env: Readonly<Record<string, string>> = {},
): Promise<LoadedConfig> {
  const loaded = await load(config, { env })
  if (loaded.ok) return loaded.value
  throw new Error(
    loaded.error.map(({ line, path, message }) => `${line} ${path}: ${message}`).join('\n'),
  )
}

/** `line:column path: message` of every problem, warnings marked. */
export async function problemsOf(
  config: string,
  options: Parameters<typeof load>[1] = {},
): Promise<string[]> {
  const loaded = await load(config, options)
  const problems = loaded.ok ? loaded.value.warnings : loaded.error
  return problems.map(({ severity, line, column, path, message }) => {
    const mark = severity === 'warning' ? 'warning: ' : ''
    return `${line}:${column} ${mark}${path}: ${message}`
  })
}

/** Replaces one part of the right configuration, which must be there exactly once. */
export function changed(from: string, to: string, config: string = RIGHT_CONFIG): string {
  const parts = config.split(from)
  if (parts.length !== 2) throw new TypeError(`"${from}" stands ${parts.length - 1} times`)
  return parts.join(to)
}
