// test/real/keycloak/client-assertions.ts in a network of its own.

import { runInPrivateNetwork } from '../support/private-network.ts'

await runInPrivateNetwork(new URL('./keycloak/client-assertions.js', import.meta.url), {
  address: '203.0.113.10',
  names: ['oidc.example.org'],
})
