// test/real/spire/federation.ts in a network of its own.

import { runInPrivateNetwork } from '../support/private-network.ts'

await runInPrivateNetwork(new URL('./spire/federation.js', import.meta.url), {
  address: '203.0.113.10',
  names: ['oidc.example.org'],
})
