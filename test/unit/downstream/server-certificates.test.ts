// Which certificate an agent sees: what a real TLS client is shown for each name.

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer } from 'node:tls'
import t from 'tap'
import {
  ServerCertificates,
  type ServerCertificate,
} from '../../../gateway/downstream/server-certificates.ts'
import { createDevTrustDomain } from '../../../gateway/spiffe/dev-ca.ts'

const NOW = Date.now()
const domain = createDevTrustDomain({ trustDomain: 'example.org', now: NOW })

function certificate(...names: readonly string[]): ServerCertificate {
  const { certPem, keyPem } = domain.issueServerCertificate({ names, now: NOW })
  return { names, certPem, keyPem }
}

const certificates = new ServerCertificates([
  certificate('gw.example.org'),
  certificate('s3.gw.example.org', '*.s3.gw.example.org'),
  certificate('reports.s3.gw.example.org'),
])

const server = createServer(
  {
    cert: certificates.default?.certPem,
    key: certificates.default?.keyPem,
    SNICallback: (name, done) => done(null, certificates.choose(name)),
  },
  (socket) => socket.on('error', () => socket.destroy()).end(),
)
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo

/** The names in the certificate that a client is shown. */
async function shown(servername: string | undefined): Promise<string | undefined> {
  const socket = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ...(servername === undefined ? {} : { servername }),
  })
  await once(socket, 'secureConnect')
  const names = socket.getPeerX509Certificate()?.subjectAltName
  socket.destroy()
  return names
}

const TABLE: readonly (readonly [id: string, servername: string | undefined, names: RegExp])[] = [
  ['an exact name', 'gw.example.org', /^DNS:gw\.example\.org$/],
  ['another exact name', 's3.gw.example.org', /^DNS:s3\.gw\.example\.org, /],
  ['a wildcard', 'bucket.s3.gw.example.org', /DNS:\*\.s3\.gw\.example\.org/],
  ['an exact name before a wildcard', 'reports.s3.gw.example.org', /^DNS:reports\.s3/],
  ['upper case', 'S3.GW.Example.ORG', /^DNS:s3\.gw/],
  ['a wildcard covers one label only', 'a.b.s3.gw.example.org', /^DNS:gw\.example\.org$/],
  ['a name that nobody listed', 'other.example.net', /^DNS:gw\.example\.org$/],
  ['no name at all', undefined, /^DNS:gw\.example\.org$/],
]

for (const [id, servername, names] of TABLE) {
  t.test(id, async (t) => {
    t.match(await shown(servername), names)
  })
}

t.test('a listener without a certificate is a mistake of ours', (t) => {
  t.throws(() => new ServerCertificates([]), TypeError)
  t.end()
})

t.teardown(() => server.close())
