// The recipes of scripts/tools.json as commands, each run in the directory where the tool is built.

import { join } from 'node:path'
import { editModule, moduleDirectory, takeModule } from './go-module.ts'
import type { GoModule, Tool } from './specification.ts'

export interface Command {
  readonly argv: readonly string[]
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Of what it printed; what it returns is why the tool cannot be built. */
  readonly next?: (output: string) => string | undefined
}

export function commands({ build, version }: Tool, directory: string): readonly Command[] {
  switch (build.kind) {
    case 'go-install':
      return [
        {
          argv: ['go', 'install', '-trimpath', ...linked(build), `${build.package}@v${version}`],
          env: { GOBIN: directory, CGO_ENABLED: '0' },
        },
      ]
    case 'go-module':
      return goModule(build, version, directory)
    // Without pip inside: it would be a second copy, and its scripts would name the directory in
    // which it was built. `bin/python` finds its packages wherever the directory is moved.
    case 'python-venv':
      return [
        { argv: ['python3', '-m', 'venv', '--without-pip', directory] },
        {
          argv: ['python3', '-m', 'pip', '--python', join(directory, 'bin', 'python')].concat(
            ['install', '--no-input', '--no-deps', '--only-binary=:all:'],
            build.packages,
          ),
        },
        ...finished(build, directory),
      ]
    case 'maven-archive':
      return [
        {
          argv: ['mvn', '--batch-mode', '--quiet', `${MAVEN_DEPENDENCY}:unpack`].concat([
            `-Dartifact=${build.artifact}`,
            `-DoutputDirectory=${directory}`,
          ]),
        },
        // Its notes of what it has unpacked, for a project that there is none of.
        { argv: ['rm', '-r', '${project.basedir}'] },
        ...finished(build, directory),
      ]
    case 'npm-package':
      return [{ argv: ['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund'] }]
  }
}

const MAVEN_DEPENDENCY = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1'

/** A command whose program lies in the tool's directory. */
export function own([program = '', ...args]: readonly string[], directory: string): string[] {
  return [join(directory, program), ...args]
}

function goModule(build: GoModule, version: string, directory: string): readonly Command[] {
  const source = join(directory, 'source')
  const { packages, cgo } = build
  return [
    {
      argv: ['go', 'mod', 'download', '-json', `${build.module}@v${version}`],
      next: (output) => {
        const taken = moduleDirectory(output)
        if (taken === undefined) return 'go does not say where the module lies'
        takeModule(taken, source)
        return editModule(source, build)
      },
    },
    {
      argv: [
        'go',
        'build',
        '-mod=mod',
        '-trimpath',
        ...linked(build),
        '-o',
        `${directory}/`,
      ].concat(packages),
      cwd: source,
      env: { GOWORK: 'off', CGO_ENABLED: cgo ? '1' : '0' },
    },
    { argv: ['rm', '-r', source] },
  ]
}

function linked({ ldflags }: { readonly ldflags?: string }): readonly string[] {
  return ldflags === undefined ? [] : ['-ldflags', ldflags]
}

function finished(
  { finish }: { readonly finish?: readonly string[] },
  directory: string,
): readonly Command[] {
  return finish === undefined ? [] : [{ argv: own(finish, directory) }]
}
