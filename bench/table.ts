// The table that `make bench` prints and docs/benchmarks.md holds.

import type { Measured, Results } from './results.ts'
import type { Compared, IdentityResults } from './identity.ts'
import type { Series, Sizes } from './measure.ts'

const MIB = 1024 * 1024

export function tableOf({
  machine,
  sizes,
  passThrough,
  gateway,
  ratios,
  sql,
  identity,
  profile,
}: Results): string {
  const row = (title: string, show: (measured: Measured) => string, ratio?: number) => {
    const cells = [title, show(passThrough), gateway === undefined ? 'not built' : show(gateway)]
    return `| ${[...cells, ratio === undefined ? '' : ratio.toFixed(2)].join(' | ')} |\n`
  }
  return `
${machine.cpu}, ${String(machine.cores)} cores, Node ${machine.node} (OpenSSL ${machine.openssl}),
load ${load(machine.loadBefore)} before and ${load(machine.loadAfter)} after; medians of ${String(sizes.rounds)} rounds (lowest to highest)

| | bare pass-through (a) | svidgate (b) | b / a |
|---|---|---|---|
${row(requestTitle(sizes), ({ cpuPerRequest }) => microseconds(cpuPerRequest), ratios?.cpuPerRequest)}${row(
    'CPU of a BigQuery query whose dry run is known, 1 KiB of rows',
    ({ cpuPerQuery }) => microseconds(cpuPerQuery),
    ratios?.cpuPerQuery,
  )}${row(
    'CPU of a new mTLS connection with one GET',
    ({ cpuPerConnection }) => microseconds(cpuPerConnection),
    ratios?.cpuPerConnection,
  )}${row(
    `memory growth, one PUT of ${mib(sizes.uploadBytes)}`,
    ({ memoryGrowthOneUpload }) => mib(memoryGrowthOneUpload),
    ratios?.memoryGrowthOneUpload,
  )}${row(
    `memory growth, ${String(sizes.manyUploads)} PUTs of ${mib(sizes.manyUploadBytes)} at once`,
    ({ memoryGrowthManyUploads }) => mib(memoryGrowthManyUploads),
    ratios?.memoryGrowthManyUploads,
  )}| CPU of reading 1 KiB of SQL | | ${microseconds(sql)} | |
${identity === undefined ? '' : identityTable(identity)}${profile === undefined ? '' : profileTable(profile)}`
}

/** Beside a bare mTLS server, which judges certificates as Node does and forwards nothing. */
export function identityTable({
  handshakeCached,
  handshakeCold,
  recheck,
  idle,
}: IdentityResults): string {
  const row = (title: string, { bare, gateway, ratio }: Compared): string =>
    `| ${title} | ${microseconds(bare)} | ${microseconds(gateway)} | ${ratio.toFixed(2)} |\n`
  const kib = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`
  return `
| | bare mTLS server | svidgate | |
|---|---|---|---|
${row('CPU of a handshake, verdict known', handshakeCached)}${row('CPU of a handshake, SVID never seen', handshakeCold)}| check of each request that the identity still holds | | ${recheck.median.toFixed(2)} µs | |
| memory of each of ${String(idle.connections)} idle connections | ${kib(idle.bare)} | ${kib(idle.gateway)} | ${kib(idle.above)} above |
`
}

function profileTable(profile: NonNullable<Results['profile']>): string {
  const rows = profile
    .filter(({ percent }) => percent >= 0.5)
    .map(({ place, percent }) => `| ${place} | ${percent.toFixed(1)} % |\n`)
  return `\n| where (b) spends its CPU | self time |\n|---|---|\n${rows.join('')}`
}

function requestTitle({ connections, requests }: Sizes): string {
  return `CPU of a 1 KiB GET (${String(requests)} over ${String(connections)} kept-alive mTLS connections)`
}

function microseconds({ median, min, max }: Series): string {
  return `${median.toFixed(1)} µs (${min.toFixed(1)} to ${max.toFixed(1)})`
}

function mib(bytes: number): string {
  return `${(bytes / MIB).toFixed(bytes < 100 * MIB ? 1 : 0)} MiB`
}

function load(average: readonly number[]): string {
  return average[0]?.toFixed(1) ?? ''
}
