// What reaches outside: the pools of the upstreams, the outbound port of token exchanges and that of
// partners’ bundles, all behind the egress guard, with the authorities that the configuration names.

import type { Config, CredentialConfig } from '../config/config.ts'
import { tokenEndpointsOf } from '../config/token-endpoints.ts'
import { readPeerChain } from '../downstream/peer-chain.ts'
import type { FetchBundle } from '../spiffe/federation/fetch-port.ts'
import { UpstreamForwarder } from '../upstream/forward.ts'
import type { ConnectOptions, Lookup } from '../upstream/guarded-connect.ts'
import { createBundleFetcher } from '../upstream/get-bundle.ts'
import { createPostClient, type PostClient } from '../upstream/post.ts'

export interface Clouds {
  readonly upstream: UpstreamForwarder
  readonly tokens: PostClient
  /** The bundle endpoints of partners. */
  readonly fetchBundle: FetchBundle
  /** After a reload: new connections are made by what is configured now. */
  renew(): void
  close(): Promise<void>
}

/** Pools in all; the least recently used identity's connections are closed first. */
export const MOST_POOLS = 4096

export function openClouds(config: () => Config, lookup?: Lookup): Clouds {
  const { timeouts } = config().limits
  const connectWith = (ca: string | undefined, connectTimeoutMs: number): ConnectOptions => ({
    egress: config().egress,
    ca,
    connectTimeoutMs,
    ...(lookup === undefined ? {} : { lookup }),
  })
  const upstream = new UpstreamForwarder(
    {
      connect: ({ name }) => {
        const route = config().routes.find(({ service }) => service === name)
        return connectWith(route?.tls?.ca.text, timeouts.upstreamConnect)
      },
      connectionsPerPool: () => config().limits.perIdentity.concurrent,
      maxPools: MOST_POOLS,
      headersTimeoutMs: timeouts.upstreamHeaders,
      bodyTimeoutMs: timeouts.upstreamIdle,
      keepAliveTimeoutMs: timeouts.keepAlive,
    },
    timeouts.bodyIdle,
  )
  const tokens = createPostClient({
    connect: (origin) => connectWith(rootsOf(config(), origin), timeouts.credential),
  })
  const fetchBundle = createBundleFetcher({
    connect: () => connectWith(undefined, timeouts.upstreamConnect),
    chainOf: readPeerChain,
  })
  return {
    upstream,
    tokens,
    fetchBundle,
    renew: () => {
      upstream.renew()
      tokens.renew()
    },
    close: async () => {
      await Promise.all([upstream.close(), tokens.close()])
    },
  }
}

/** The roots of the credential whose tokens go there. */
function rootsOf({ credentials }: Config, origin: string): string | undefined {
  for (const credential of credentials.values()) {
    if (credential.kind !== 'none' && hasEndpoint(credential, origin)) {
      return credential.tls?.ca.text
    }
  }
  return undefined
}

function hasEndpoint(credential: CredentialConfig, origin: string): boolean {
  return tokenEndpointsOf(credential).some((endpoint) => endpoint.origin === origin)
}
