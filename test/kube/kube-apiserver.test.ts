// test/kube/tokens.ts in a network of its own.

import { runInPrivateNetwork } from '../support/private-network.ts'

await runInPrivateNetwork(new URL('./tokens.js', import.meta.url), {
  address: '203.0.113.10',
  names: ['oidc.example.org'],
})
