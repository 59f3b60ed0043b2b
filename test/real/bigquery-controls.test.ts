// test/real/bigquery/controls.ts in a network of its own.

import { runInPrivateNetwork } from '../support/private-network.ts'

await runInPrivateNetwork(new URL('./bigquery/controls.js', import.meta.url), {
  address: '203.0.113.10',
  names: ['oidc.example.org'],
})
