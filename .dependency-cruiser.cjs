// The layers of docs/ARCHITECTURE.md as rules: imports go down only, and a third-party package is
// imported in one folder. Levels and packages are data in scripts/layers.json. Type imports count.

'use strict'

const { levels, thirdParty } = require('./scripts/layers.json')

const pathsOf = (...numbers) =>
  levels.filter(({ level }) => numbers.includes(level)).flatMap(({ paths }) => paths)

const anyOf = (paths) => `(?:${paths.join('|')})`

/** Node's own modules that open a socket. */
const SOCKETS = '^(node:)?(net|tls|dgram|dns|http|https|http2)(/|$)'

/** Where the folders of level 2 keep what replicas share: the one neighbour that they know. */
const SHARED = '^gateway/state/'

/** A folder of level 2 or 3 knows itself and what lies below, never a neighbour. */
const looksDown = (level, below, neighbours) => ({
  name: `level-${level}-looks-down`,
  comment:
    'Imports go down only; folders of levels 2 and 3 do not know their neighbours, but for state/.',
  severity: 'error',
  from: { path: `^(?=${anyOf(pathsOf(level))})gateway/([^/]+)` },
  to: {
    path: '^gateway/',
    pathNot: [
      ...pathsOf(...below),
      ...(neighbours ? pathsOf(level) : ['^gateway/$1/']),
      ...(level === 2 ? [SHARED] : []),
    ],
  },
})

const packagePath = (name) => `node_modules/${name.replaceAll(/[/.]/g, '\\$&')}/`

const oneFolder = Object.entries(thirdParty).map(([name, folders]) => ({
  name: `only-one-folder-imports-${name.replaceAll(/[@/]/g, '-').replace(/^-/, '')}`,
  comment: `${name} belongs to ${folders.join(', ')}`,
  severity: 'error',
  from: { path: '^gateway/', pathNot: folders },
  to: { path: packagePath(name) },
}))

module.exports = {
  forbidden: [
    looksDown(0, [0], false),
    looksDown(1, [0, 1], true),
    looksDown(2, [0, 1], false),
    looksDown(3, [0, 1, 2], false),
    looksDown(4, [0, 1, 2, 3], true),
    {
      name: 'base-touches-nothing',
      severity: 'error',
      from: { path: pathsOf(0) },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?util$' },
    },
    {
      name: 'pure-has-no-effects',
      comment: 'No sockets, files, timers, environment or clock in level 1.',
      severity: 'error',
      from: { path: pathsOf(1) },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|buffer|util)$' },
    },
    {
      name: 'sockets-belong-to-level-3',
      comment:
        'The certificates of the development trust domain need to know what an IP address is.',
      severity: 'error',
      from: { path: pathsOf(2, 4), pathNot: '^gateway/spiffe/dev-' },
      to: { path: SOCKETS },
    },
    {
      name: 'only-authoring-starts-processes',
      comment:
        'Policy authors have their OPA run, and an operator may have a program sign tokens; nothing on the way of a request starts a process.',
      severity: 'error',
      from: { path: '^gateway/', pathNot: '^gateway/(?:authoring/|issuer/command-signer\\.ts$)' },
      to: { path: '^(node:)?(child_process|cluster)$' },
    },
    {
      name: 'flow-knows-no-vendor',
      comment: 'Pipeline, providers and authoring see interfaces only.',
      severity: 'error',
      from: { path: pathsOf(4), pathNot: '^gateway/authoring/' },
      to: { path: 'node_modules/' },
    },
    ...oneFolder,
    {
      name: 'every-package-has-its-folder',
      comment: 'Add the package and its one folder to scripts/layers.json.',
      severity: 'error',
      from: { path: '^gateway/' },
      to: {
        path: 'node_modules/',
        pathNot: ['node_modules/@types/', ...Object.keys(thirdParty).map(packagePath)],
      },
    },
    {
      name: 'demo-judges-for-itself',
      comment:
        'The sandbox clouds verify what these folders make; they must not share code with them.',
      severity: 'error',
      from: { path: '^gateway/demo/' },
      to: { path: '^gateway/(signing|issuer|credential|facts|shape)/' },
    },
    {
      name: 'sandbox-never-reaches-what-it-verifies',
      severity: 'error',
      from: { path: '^gateway/demo/(aws/|google/|sandbox)' },
      to: { path: '^gateway/(signing|issuer|credential|facts|shape)/', reachable: true },
    },
    {
      name: 'gateway-stands-alone',
      severity: 'error',
      from: { path: '^gateway/' },
      to: { path: '^(test|bench|scripts)/' },
    },
    {
      name: 'no-circle',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'everything-resolves',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.test.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
}
