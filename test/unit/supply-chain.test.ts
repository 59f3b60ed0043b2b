import { readFileSync } from 'node:fs'
import t from 'tap'

// What runs beside an operator's credentials is a list that somebody has read: it changes together
// with test/support/production-tree.json, or this test fails.

interface LockedPackage {
  readonly version: string
  readonly integrity?: string
  readonly license?: string
  readonly dev?: boolean
  readonly devOptional?: boolean
  readonly hasInstallScript?: boolean
  readonly link?: boolean
}

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

const LICENCES = ['Apache-2.0', 'MIT', 'ISC', 'BSD-3-Clause', 'BlueOak-1.0.0']

const lock = readJson('package-lock.json') as { packages: Record<string, LockedPackage> }
const manifest = readJson('package.json') as Manifest
const expected = readJson('test/support/production-tree.json') as Record<string, string>

const locked = Object.entries(lock.packages).filter(([path]) => path !== '')
const production = locked.filter(([, entry]) => entry.dev !== true && entry.devOptional !== true)

t.test('the production tree is the one that was reviewed', async (t) => {
  const found = production.map(([path, { version }]) => [
    path.slice('node_modules/'.length),
    version,
  ])
  t.same(Object.fromEntries(found), expected)
})

t.test('every locked package has a sha512 integrity and comes from the registry', async (t) => {
  const offenders = locked.filter(([, { integrity = '', link }]) => {
    return link === true || !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity)
  })
  t.same(offenders, [])
})

/**
 * protobufjs (below @grpc/grpc-js, which loads it for none of what we use) has one that warns of
 * version schemes; like any other it never runs, because of `ignore-scripts`.
 */
const WITH_SCRIPT = ['node_modules/protobufjs']

t.test('no package of the production tree runs a script when it is installed', async (t) => {
  const withScript = production.filter(([, { hasInstallScript }]) => hasInstallScript)
  t.same(
    withScript.map(([path]) => path),
    WITH_SCRIPT,
  )
  t.match(readFileSync('.npmrc', 'utf8'), /^ignore-scripts=true$/m)
})

t.test('the production tree has only licences that Apache-2.0 goes with', async (t) => {
  t.same(
    production.filter(([, { license = '' }]) => !LICENCES.includes(license)),
    [],
  )
})

t.test('package.json names exact versions, and the lock file has them', async (t) => {
  const wanted = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
  for (const [name, version] of wanted) {
    t.match(version, /^\d+\.\d+\.\d+$/, name)
    t.equal(lock.packages[`node_modules/${name}`]?.version, version, name)
  }
})

t.test('npm runs no scripts and writes exact versions', async (t) => {
  const settings = readFileSync('.npmrc', 'utf8').split('\n')
  t.ok(settings.includes('ignore-scripts=true'))
  t.ok(settings.includes('save-exact=true'))
})

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'))
}
