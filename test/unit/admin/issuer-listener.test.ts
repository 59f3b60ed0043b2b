import t from 'tap'
import { startIssuerListener } from '../../../gateway/admin/issuer-listener.ts'
import { ask } from '../../support/http-client.ts'

t.test(
  'discovery and keys are served with how long they may be kept, and nothing else',
  async (t) => {
    let keys = '{"keys":[1]}'
    const server = await startIssuerListener({
      host: '127.0.0.1',
      port: 0,
      discovery: { path: '/.well-known/openid-configuration', body: () => '{"issuer":"x"}' },
      jwks: { path: '/keys', body: () => keys },
      maxAgeSeconds: 300,
      onError: () => undefined,
    })
    t.teardown(() => server.close())
    const { port } = server
    t.match(await ask({ port }, { path: '/.well-known/openid-configuration' }), {
      status: 200,
      body: '{"issuer":"x"}',
      headers: { 'content-type': 'application/json', 'cache-control': 'public, max-age=300' },
    })
    t.match(await ask({ port }, { path: '/keys' }), { status: 200, body: '{"keys":[1]}' })
    keys = '{"keys":[2]}'
    t.match(await ask({ port }, { path: '/keys' }), { body: '{"keys":[2]}' }, 'keys rotate')
    t.match(await ask({ port }, { path: '/keys', method: 'POST' }), { status: 405 })
    const missing = await ask({ port }, { path: '/key' })
    t.match(missing, { status: 404, headers: { 'cache-control': 'no-store' } })
  },
)
