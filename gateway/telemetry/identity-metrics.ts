// Metrics of the identity sources: what they did, and what is held now.

import { Gauge, type Registry } from 'prom-client'
import { counterFamily } from './cells.ts'

export interface IdentityGauges {
  readonly trustBundles: number
  /** ms since the epoch; undefined: there is none. */
  readonly ownSvidExpiresAt: number | undefined
}

export interface IdentityMetrics {
  /** Both of the closed lists of docs/OPERATIONS.md. */
  happened(part: string, result: string): void
  holds(state: IdentityGauges): void
  /** `trustDomain`: of the configuration; `at`: ms since the epoch. */
  fetched(trustDomain: string, at: number): void
}

export function registerIdentityMetrics(registry: Registry): IdentityMetrics {
  const gauge = (name: string, help: string, ...labelNames: string[]): Gauge =>
    new Gauge({ name: `svidgate_${name}`, help, labelNames, registers: [registry] })
  const events = counterFamily({
    name: 'svidgate_identity_source_events_total',
    help: 'What identity sources did, by part (files, x509_svid, x509_bundles, bundle_endpoint) and result.',
    labels: ['part', 'result'],
    registry,
  })
  const trustBundles = gauge('trust_bundles', 'Trust domains that are trusted now.')
  const ownSvidExpiry = gauge(
    'own_svid_expiry_timestamp_seconds',
    'When our own SVID ends, seconds since the epoch; 0 without one.',
  )
  const lastFetch = gauge(
    'bundle_endpoint_last_success_timestamp_seconds',
    'Time of the last good fetch from a bundle endpoint, seconds since the epoch.',
    'trust_domain',
  )
  return {
    happened: (part, result) => events.cell(part, result).add(1),
    holds: (state) => {
      trustBundles.set(state.trustBundles)
      ownSvidExpiry.set((state.ownSvidExpiresAt ?? 0) / 1000)
    },
    fetched: (trustDomain, at) => lastFetch.set({ trust_domain: trustDomain }, at / 1000),
  }
}
