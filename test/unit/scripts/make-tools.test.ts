import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import t from 'tap'

// A shell script stands in for the Go tool chain and for Python, so that the test needs no network; the real one is
// used by `make tools`.

const BUILDS = `echo "$@" >> "$LOG"
printf '#!/bin/sh\\necho Version: 1.0.0\\n' > "$GOBIN/thing"; chmod +x "$GOBIN/thing"`

interface Scratch {
  readonly tools: string
  run(script: string, spec?: object): { code: number; output: string }
  calls(): readonly string[]
}

function scratch(root: string): Scratch {
  const tools = join(root, 'tools')
  const log = join(root, 'calls')
  const bin = join(root, 'bin')
  mkdirSync(bin)
  return {
    tools,
    run(script, spec = {}) {
      for (const program of ['go', 'npm', 'python3']) {
        writeFileSync(join(bin, program), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
      }
      const tool = {
        name: 'thing',
        version: '1.0.0',
        purpose: 'a test',
        build: { kind: 'go-install', package: 'example.org/thing' },
        check: { command: ['thing'], prints: 'Version: 1.0.0' },
        deadlineSeconds: 20,
        ...spec,
      }
      const file = join(root, 'tools.json')
      writeFileSync(file, JSON.stringify({ tools: [tool] }))
      const path = `${bin}${delimiter}${process.env['PATH'] ?? ''}`
      const run = spawnSync(process.execPath, ['dist/scripts/make-tools.js', '--spec', file], {
        encoding: 'utf8',
        env: { ...process.env, PATH: path, LOG: log, SVIDGATE_TOOLS: tools },
      })
      return { code: run.status ?? -1, output: run.stdout + run.stderr }
    },
    calls: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []),
  }
}

t.test('a tool is built once, by its exact version, and then present', async (t) => {
  const { run, calls, tools } = scratch(t.testdir())
  t.match(run(BUILDS), { code: 0, output: 'thing 1.0.0: built' })
  t.match(run(BUILDS), { code: 0, output: 'thing 1.0.0: present' })
  t.same(calls(), ['install -trimpath example.org/thing@v1.0.0'])
  t.same(readdirSync(tools), ['thing-1.0.0'], 'and nothing else is left')
})

t.test('flags of the linker are passed on', async (t) => {
  const { run, calls } = scratch(t.testdir())
  const build = { kind: 'go-install', package: 'example.org/thing', ldflags: '-s -X main.V=1' }
  t.match(run(BUILDS, { build }), { code: 0 })
  t.same(calls(), ['install -trimpath -ldflags -s -X main.V=1 example.org/thing@v1.0.0'])
})

// Python that makes a program of its own; `finish` is run with that one, where the tool is built.
const VENV = `echo "$2" >> "$LOG"
if [ "$2" = venv ]; then mkdir -p "$4/bin"
printf '#!/bin/sh\\necho "$@" >> "%s"; [ "$1" = finish ] && echo done > done.txt; cat done.txt\\n' "$LOG" > "$4/bin/python"
chmod +x "$4/bin/python"; fi`

t.test('what a Python tool needs besides its packages is done in its own directory', async (t) => {
  const { run, calls, tools } = scratch(t.testdir())
  const spec = {
    build: { kind: 'python-venv', packages: ['a==1'], finish: ['bin/python', 'finish'] },
    check: { command: ['bin/python', 'check'], prints: 'done' },
  }
  t.match(run(VENV, spec), { code: 0, output: 'thing 1.0.0: built' })
  t.same(calls(), ['venv', 'pip', 'finish', 'check'])
  t.equal(readFileSync(join(tools, 'thing-1.0.0', 'done.txt'), 'utf8'), 'done\n')
})

// npm that installs what the lock file names, and notes how it was asked and what it was given.
const NPM = `echo "$@" >> "$LOG"; cat package-lock.json >> "$LOG"; echo >> "$LOG"
mkdir -p node_modules/thing; printf '#!/bin/sh\\necho v1.0.0\\n' > node_modules/thing/thing
chmod +x node_modules/thing/thing`

const INTEGRITY = `sha512-${'A'.repeat(86)}==`
const PACKAGE = {
  build: { kind: 'npm-package', package: 'thing', integrity: INTEGRITY },
  check: { command: ['node_modules/thing/thing'], prints: 'v1.0.0' },
}

t.test(
  'a package of npm is installed by version and hash, and runs nothing of its own',
  async (t) => {
    const { run, calls } = scratch(t.testdir())
    t.match(run(NPM, PACKAGE), { code: 0, output: 'thing 1.0.0: built' })
    const [asked = '', lock = ''] = calls()
    t.match(asked, /^ci --ignore-scripts /)
    t.match(JSON.parse(lock), {
      packages: { 'node_modules/thing': { version: '1.0.0', integrity: INTEGRITY } },
    })
    const loose = { ...PACKAGE, build: { ...PACKAGE.build, integrity: 'sha1-AAAA' } }
    t.match(run(NPM, loose), { code: 1, output: /pin it with its sha512 integrity/ })
  },
)

t.test('another recipe for the same version builds it again', async (t) => {
  const { run, calls } = scratch(t.testdir())
  run(BUILDS)
  run(BUILDS, { build: { kind: 'go-install', package: 'example.org/other' } })
  t.equal(calls().length, 2)
})

t.test('what somebody put there by hand is taken when it says the right version', async (t) => {
  const { run, calls, tools } = scratch(t.testdir())
  run(BUILDS)
  const thing = join(tools, 'thing-1.0.0')
  rmSync(join(thing, '.svidgate-tool'))
  t.match(run(BUILDS), { code: 0, output: 'present' })
  rmSync(join(thing, '.svidgate-tool'))
  writeFileSync(join(thing, 'thing'), '#!/bin/sh\necho Version: 0.9.0\n')
  t.match(run(BUILDS), { code: 0, output: 'built' })
  t.equal(calls().length, 2)
})

const FAILING = [
  {
    id: 'a build that fails',
    script: 'echo no such module; exit 1',
    says: /thing 1\.0\.0: go install.*failed[\s\S]*no such module/,
  },
  {
    id: 'a build that hangs',
    script: 'sleep 60',
    spec: { deadlineSeconds: 0.5 },
    says: /thing 1\.0\.0: not built after 0\.5 s/,
  },
  {
    id: 'another version',
    script: BUILDS.replaceAll('1.0.0', '2.0.0'),
    says: /thing 1\.0\.0: built, but does not say/,
  },
  {
    id: 'a build that makes nothing',
    script: 'true',
    says: /thing 1\.0\.0: built, but does not say/,
  },
]

for (const { id, script, spec, says } of FAILING) {
  t.test(`${id} is named, and leaves nothing behind`, async (t) => {
    const { run, tools } = scratch(t.testdir())
    const { code, output } = run(script, spec)
    t.equal(code, 1)
    t.match(output, says)
    t.same(readdirSync(tools), [])
  })
}

t.test('a package without an exact version is refused', async (t) => {
  const { run } = scratch(t.testdir())
  const { code, output } = run('true', { build: { kind: 'python-venv', packages: ['boto3>=1'] } })
  t.not(code, 0)
  t.match(output, /boto3>=1: pin it with ==/)
})
