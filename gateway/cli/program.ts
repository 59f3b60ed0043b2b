// The command line: which commands and options there are. Each command's work is in a
// file of its own; this one only parses, and the names that come later answer that they do.

import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { loadConfig } from '../config/load.ts'
import { nodeFiles } from '../config/files/node-files.ts'
import { VERSION } from '../util/version.ts'
import { auditTail, auditVerify } from './audit.ts'
import { bundleBuild, type BundleBuildOptions } from './bundle-build.ts'
import { bundleInspect, type BundleInspectOptions } from './bundle-inspect.ts'
import { checkConfig, type CheckOptions } from './check.ts'
import { checkBundles } from './check-bundles.ts'
import { checkFiles } from './check-files.ts'
import { CliError, type Action, type CliIo, type ExitCode } from './command.ts'
import { demo } from './demo.ts'
import { explain } from './explain.ts'
import { facts } from './facts.ts'
import { issuerKeys, issuerPublish } from './issuer.ts'
import { issuerRotate } from './issuer-rotate.ts'
import { policyEval } from './policy-eval.ts'
import { RESERVED_COMMANDS } from './reserved.ts'
import { serve } from './serve.ts'
import { svidInspect, svidVerify, type SvidInspectOptions } from './svid.ts'

/** Runs one command line, `argv` as Node gives it. Throws what nobody foresaw. */
export async function runCommandLine(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  let exitCode: ExitCode = 0
  try {
    await createProgram(io, (code) => {
      exitCode = code
    }).parseAsync([...argv])
    return exitCode
  } catch (error) {
    // Help and version end with 0; what could not be parsed is a usage error.
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0
      if (error.code !== 'commander.help')
        io.err(`hint: --help behind a command says what it takes\n`)
      return 2
    }
    if (!(error instanceof CliError)) throw error
    io.err(`${error.message}\nhint: ${error.hint}\n`)
    return error.exitCode
  }
}

type End = (code: ExitCode) => void

function createProgram(io: CliIo, end: End): Command {
  const program = new Command('svidgate')
    .description('authorization gateway for AI agents: SVID in, policy decides, credentials stay')
    .version(VERSION)
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text) })
    .exitOverride()
  const run =
    <O>(action: Action<O>) =>
    async (options: O): Promise<void> =>
      end(await action(options, io))
  addGatewayCommands(program, run)
  addPolicyCommands(program, run)
  addSvidCommands(program, run)
  addIssuerCommands(program, run)
  addAuditCommands(program, run)
  addReserved(program)
  return program
}

type Run = <O>(action: Action<O>) => (options: O) => Promise<void>

function addGatewayCommands(program: Command, run: Run): void {
  program
    .command('serve')
    .description('run the gateway')
    .requiredOption('-c, --config <file>', 'svidgate.yaml')
    .action(run(serve))
  program
    .command('demo')
    .description('play a scenario with the real SDKs of AWS and Google against sandbox clouds')
    .option('--keep', 'leave it running and say how to play on', false)
    .option('--json', 'one JSON document a line', false)
    .action(run(demo))
  program
    .command('check')
    .description('validate configuration and bundles; nothing outside is resolved')
    .requiredOption('-c, --config <file>', 'svidgate.yaml')
    .option('--json', 'print JSON', false)
    .action(run(check))
  program
    .command('facts')
    .description('what a request is: one raw request, or JSON lines on standard input')
    .option('--request <file>', 'one raw HTTP request')
    .option('--lines <file>', 'JSON lines in a file')
    .option('-c, --config <file>', 'hostnames and routes of this configuration')
    .option('--catalogue', 'list every operation that the tables know', false)
    .option('--json', 'JSON is what it prints anyway', true)
    .action(run(facts))
  program
    .command('explain')
    .description('how a request would be judged, narrowed and signed; nothing is sent')
    .requiredOption('-c, --config <file>', 'svidgate.yaml')
    .option('--request <file>', 'one raw HTTP request')
    .option('--as <spiffe id>', 'who asks')
    .option('--at <rfc3339>', 'when; default: now')
    .option('--decision <id>', 'a recorded decision instead of a request')
    .option('--json', 'print JSON', false)
    .action(run(explain))
}

const check: Action<CheckOptions> = (options, io) => {
  const load = (path: string) => loadConfig(path, { env: io.env, files: nodeFiles })
  return checkConfig({ load, checkFiles, checkBundles })(options, io)
}

function addPolicyCommands(program: Command, run: Run): void {
  const policy = program.command('policy').description('policies: evaluate')
  policy
    .command('eval')
    .description('input documents as JSON lines on standard input → one result a line')
    .requiredOption('--bundle <file>', 'bundle (.tar.gz)')
    .requiredOption('--entrypoint <path>', 'for example svidgate/authz/decision')
    .option('--json', 'JSON is what it prints anyway', true)
    .action(run(policyEval))
  const bundle = program.command('bundle').description('OPA bundles: build, inspect')
  bundle
    .command('build')
    .description('build a bundle from Rego, grants and data, through opa')
    .argument('<files...>', 'Rego files, and data as prefix:file.json')
    .requiredOption('-o, --out <file>', 'the bundle to write')
    .requiredOption(
      '-e, --entrypoint <path>',
      'for example svidgate/authz/decision; may be given again',
      collect,
    )
    .option('--grants <file>', 'grants in YAML')
    .option('--capabilities <file>', 'default: the shipped capabilities')
    .option('--revision <text>', 'default: a digest of the files; a growing integer can be a floor')
    .option('--v0-compatible', 'for Rego before 1.0')
    .option('--json', 'print JSON', false)
    .action((files: string[], options: Omit<BundleBuildOptions, 'files' | 'root'>) =>
      run(bundleBuild)({ ...options, files, root: process.cwd() }),
    )
  bundle
    .command('inspect')
    .description('what a bundle holds')
    .argument('<file>', 'bundle (.tar.gz)')
    .option('--json', 'print JSON', false)
    .action((file: string, options: Omit<BundleInspectOptions, 'file'>) =>
      run(bundleInspect)({ ...options, file }),
    )
}

function addSvidCommands(program: Command, run: Run): void {
  const svid = program.command('svid').description('X.509-SVIDs: inspect, verify')
  svid
    .command('inspect')
    .argument('<file>', 'PEM or DER')
    .option('--json', 'print JSON', false)
    .action((file: string, options: Omit<SvidInspectOptions, 'file'>) =>
      run(svidInspect)({ ...options, file }),
    )
  svid
    .command('verify')
    .description('what the gateway would say of a certificate chain')
    .requiredOption('--chain <file>', 'PEM or DER, leaf first')
    .requiredOption('--bundle <td=file...>', 'trust bundle of a trust domain')
    .option('--at <rfc3339>', 'when; default: now')
    .option('--json', 'print JSON', false)
    .action(run(svidVerify))
}

function addIssuerCommands(program: Command, run: Run): void {
  const issuer = program
    .command('issuer')
    .description('the embedded OIDC issuer: keys, rotate, publish')
  issuer
    .command('keys')
    .description('which keys sign, will sign and did sign')
    .requiredOption('-c, --config <file>', 'svidgate.yaml')
    .option('--json', 'print JSON', false)
    .action(run(issuerKeys))
  issuer
    .command('rotate')
    .description('one step of a rotation: make the next key, or let it take over')
    .requiredOption('-c, --config <file>', 'svidgate.yaml')
    .option('--compromised', 'drop every key at once, and say what each cloud needs', false)
    .option(
      '--keep-next',
      'with --compromised: the next key is nobody else’s and takes over',
      false,
    )
    .option('--json', 'print JSON', false)
    .action(run(issuerRotate))
  issuer
    .command('publish')
    .description('write discovery document and keys as files, for a bucket or a CDN')
    .requiredOption('-c, --config <file>', 'svidgate.yaml')
    .requiredOption('--out <dir>', 'the directory that is served at the issuer’s host')
    .option('--json', 'print JSON', false)
    .action(run(issuerPublish))
}

function addAuditCommands(program: Command, run: Run): void {
  const audit = program.command('audit').description('records: tail, verify')
  audit
    .command('tail')
    .requiredOption('--dir <dir>', 'directory of the records')
    .option('-n, --lines <count>', 'how many to begin with', wholeNumber, 10)
    .option('-f, --follow', 'wait for more', false)
    .option('--allow', 'only what was allowed')
    .option('--deny', 'only what was denied')
    .option('--spiffe-id <id>', 'only of this identity')
    .option('--json', 'records as they are', false)
    .action(run(auditTail))
  audit
    .command('verify')
    .description('check the chain offline, with public keys alone')
    .requiredOption('--dir <dir>', 'directory of the records')
    .requiredOption('--key <file...>', 'public key (.pub.pem)')
    .option('--require-closed', 'the newest file must be closed')
    .option('--json', 'print JSON', false)
    .action(run(auditVerify))
}

function addReserved(program: Command): void {
  for (const [name, children] of RESERVED_COMMANDS) {
    if (children.length === 0) {
      reserve(program, name, name)
      continue
    }
    const known = program.commands.find((command) => command.name() === name)
    const parent = known ?? program.command(name, { hidden: true })
    for (const child of children) reserve(parent, child, `${name} ${child}`)
  }
}

function reserve(parent: Command, name: string, full: string): void {
  parent
    .command(name, { hidden: true })
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => {
      throw new CliError(2, `${full} is not in this version`, 'svidgate --help lists what there is')
    })
}

/** An option that may be given again, as in `opa build`: what follows its value is not taken too. */
function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('a whole number is expected')
  return Number(text)
}
