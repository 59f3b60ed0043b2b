// `issuer rotate`: one step of a rotation that no verifier notices; with `--compromised`, every key
// is dropped at once, and what each cloud of the configuration then needs is printed.

import type { Config, IssuerConfig } from '../config/config.ts'
import type { IssuerAlgorithm } from '../issuer/algorithms.ts'
import { dropKeys, rotateKeys, type Dropped, type Rotation } from '../issuer/rotation.ts'
import { systemClock } from '../util/clock.ts'
import { formatRfc3339 } from '../util/rfc3339.ts'
import { CliError, type Action, type CliIo, type ExitCode } from './command.ts'
import { cloudSteps, type CloudStep } from './compromised-steps.ts'
import { told } from './issuer.ts'
import { readConfig } from './read-config.ts'

export interface IssuerRotateOptions {
  readonly config: string
  readonly compromised: boolean
  readonly keepNext: boolean
  readonly json: boolean
}

/** Exit 0: one step was taken; 1: it is too early for it; 2: usage, or the keys cannot be changed. */
export const issuerRotate: Action<IssuerRotateOptions> = async (options, io) => {
  const { config } = await readConfig(options.config, io)
  const { issuer } = config
  if (issuer?.keys === undefined) {
    throw new CliError(
      2,
      `${options.config} has no issuer.keys: there is no key here to change`,
      'A signer’s key changes where it lives; docs/OPERATIONS.md says how, under "Issuer keys".',
    )
  }
  if (options.keepNext && !options.compromised) {
    throw new CliError(2, '--keep-next goes with --compromised', 'Leave it out.')
  }
  return options.compromised
    ? drop(config, issuer, options, io)
    : rotate(config, issuer, options, io)
}

async function rotate(
  config: Config,
  issuer: IssuerConfig,
  { json }: IssuerRotateOptions,
  io: CliIo,
): Promise<ExitCode> {
  const steps: { readonly algorithm: IssuerAlgorithm; readonly step: Rotation }[] = []
  for (const algorithm of issuer.algorithms) {
    const step = await told(() => rotateKeys(rotationOf(config, issuer, algorithm)))
    steps.push({ algorithm, step })
  }
  if (json) {
    io.out(`${JSON.stringify({ issuer: issuer.url, rotations: steps.map(stepJson) })}\n`)
  } else {
    const isFiles = config.listen.issuer === undefined
    for (const { algorithm, step } of steps) io.out(stepText(algorithm, step, isFiles))
  }
  return steps.every(({ step }) => step.step === 'prepared' || step.step === 'rotated') ? 0 : 1
}

async function drop(
  config: Config,
  issuer: IssuerConfig,
  { json, keepNext }: IssuerRotateOptions,
  io: CliIo,
): Promise<ExitCode> {
  const drops: { readonly algorithm: IssuerAlgorithm; readonly drop: Dropped }[] = []
  for (const algorithm of issuer.algorithms) {
    const dropped = await told(() =>
      dropKeys({ ...rotationOf(config, issuer, algorithm), keepNext }),
    )
    drops.push({ algorithm, drop: dropped })
  }
  const steps = cloudSteps(config, systemClock.now())
  if (json) {
    io.out(`${JSON.stringify({ issuer: issuer.url, drops: drops.map(dropJson), steps })}\n`)
  } else {
    for (const each of drops) io.out(dropText(each.algorithm, each.drop))
    for (const step of steps) io.out(cloudText(step))
  }
  return 0
}

function rotationOf(config: Config, issuer: IssuerConfig, algorithm: IssuerAlgorithm) {
  const { dir: directory = '', publishAhead: publishAheadMs = 0 } = issuer.keys ?? {}
  const isPublishedAsFiles = config.listen.issuer === undefined
  return { directory, algorithm, now: systemClock.now(), publishAheadMs, isPublishedAsFiles }
}

function stepJson({ algorithm, step }: { algorithm: IssuerAlgorithm; step: Rotation }): object {
  const { step: name, ...rest } = step
  const signsFrom = 'signsFrom' in rest ? formatRfc3339(rest.signsFrom) : undefined
  return { algorithm, step: name, ...rest, signsFrom }
}

function dropJson({ algorithm, drop: dropped }: { algorithm: IssuerAlgorithm; drop: Dropped }) {
  return { algorithm, ...dropped, nextSignsFrom: formatRfc3339(dropped.nextSignsFrom) }
}

function stepText(algorithm: IssuerAlgorithm, step: Rotation, isFiles: boolean): string {
  const publish = isFiles ? 'run `svidgate issuer publish` and upload the files now; ' : ''
  switch (step.step) {
    case 'prepared':
      return (
        `${algorithm}: next key ${step.next} made\n` +
        `  ${publish}rotate again from ${formatRfc3339(step.signsFrom)} on\n`
      )
    case 'too-early':
      return (
        `${algorithm}: nothing changed: next key ${step.next} signs from ` +
        `${formatRfc3339(step.signsFrom)} on\n`
      )
    case 'unpublished':
      return (
        `${algorithm}: nothing changed: next key ${step.next} was never published\n` +
        '  run `svidgate issuer publish --out DIR` and upload the files\n'
      )
    case 'rotated':
      return (
        `${algorithm}: ${step.active} signs now; ${step.retired} is retired\n` +
        step.removed.map((kid) => `  ${kid} is gone: nothing refers to it any more\n`).join('') +
        `  next key ${step.next}: ${publish}it can take over from ${formatRfc3339(step.signsFrom)} on\n`
      )
  }
}

function dropText(algorithm: IssuerAlgorithm, dropped: Dropped): string {
  const wait = dropped.isKnown
    ? '  it was published before: no cloud refuses it\n'
    : '  a cloud that keeps an older set of keys refuses its tokens until it fetches them again\n'
  return (
    dropped.dropped.map((kid) => `${algorithm}: ${kid} dropped\n`).join('') +
    `${algorithm}: ${dropped.active} signs now\n${wait}`
  )
}

function cloudText({ credential, cloud, what, commands }: CloudStep): string {
  const lines = commands.map((command) => `    ${command}\n`).join('')
  return `${credential} (${cloud}): ${what}\n${lines}`
}
