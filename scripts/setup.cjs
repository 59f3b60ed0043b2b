// The first thing that every target of the Makefile runs: says so when Node is too old, and installs
// the locked packages when they are missing or are not the locked ones. Written in old JavaScript,
// so that an old Node can read it far enough to say what is wrong.

'use strict'

var fs = require('fs')
var path = require('path')
var spawnSync = require('child_process').spawnSync

var root = path.join(__dirname, '..')
var NEEDED = [20, 20, 2]

function main() {
  var found = process.versions.node.split('.').map(Number)
  if (isOlder(found, NEEDED)) {
    process.stderr.write(
      'svidgate needs Node ' +
        NEEDED.join('.') +
        ' or newer; this is ' +
        process.version +
        ' (' +
        process.execPath +
        ')\n' +
        'install a current Node (24 is recommended) and run make again\n',
    )
    return 2
  }
  var reason = whyInstall()
  if (reason === undefined) return 0
  if (isLink(path.join(root, 'node_modules'))) {
    process.stderr.write(
      'node_modules is a link, and npm ci would empty what it leads to (' +
        reason +
        ')\n' +
        'install there, or remove the link and run make again\n',
    )
    return 2
  }
  process.stdout.write('npm ci: ' + reason + '\n')
  var npm = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: 'inherit',
  })
  if (npm.error) process.stderr.write('npm could not be started: ' + npm.error.message + '\n')
  return npm.status === 0 ? 0 : 1
}

function isLink(name) {
  try {
    return fs.lstatSync(name).isSymbolicLink()
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
    return false
  }
}

function isOlder(found, needed) {
  for (var i = 0; i < needed.length; i++) {
    if (found[i] !== needed[i]) return found[i] < needed[i]
  }
  return false
}

/**
 * npm writes node_modules/.package-lock.json when an installation is complete. It has to hold every
 * package of package-lock.json, with the same version and integrity (optional ones may be for
 * another platform), and nothing else. Times of files say nothing after a checkout.
 */
function whyInstall() {
  var locked = packagesOf(path.join(root, 'package-lock.json'))
  var installed = packagesOf(path.join(root, 'node_modules', '.package-lock.json'))
  if (locked === undefined) return 'package-lock.json cannot be read'
  if (installed === undefined) return 'nothing is installed yet'
  for (var name in locked) {
    if (name === '' || isSame(locked[name], installed[name])) continue
    if (locked[name].optional && installed[name] === undefined) continue
    return name + ' is not the locked one'
  }
  for (var other in installed) {
    if (locked[other] === undefined) return other + ' is not in package-lock.json'
  }
  return undefined
}

function isSame(a, b) {
  return b !== undefined && a.version === b.version && a.integrity === b.integrity
}

function packagesOf(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')).packages
  } catch (error) {
    return undefined
  }
}

process.exitCode = main()
