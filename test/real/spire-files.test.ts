// test/real/spire/files.ts in a network of its own.

import { runInPrivateNetwork } from '../support/private-network.ts'

await runInPrivateNetwork(new URL('./spire/files.js', import.meta.url), {
  address: '203.0.113.10',
  names: ['oidc.example.org'],
})
