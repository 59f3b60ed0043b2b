// `listen`: who may reach what, and with which certificate we answer.

import { z } from 'zod'
import {
  certificateName,
  filePath,
  hostName,
  hot,
  listenAddress,
  privateKey,
  restart,
} from './fields.ts'

const certificate = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: hot(z.literal('files'), 'Certificate and key from files.'),
    names: hot(
      z.array(certificateName).min(1).max(100),
      'SNI names that get this certificate. It must cover every one of them.',
    ),
    cert: hot(filePath, 'Certificate chain, PEM, leaf first.'),
    key: hot(privateKey, 'Private key, PEM. The file must not be readable by group or others.'),
  }),
  z.strictObject({
    kind: hot(
      z.literal('svid'),
      'Our own SVID, for every name that no other entry has and for clients without SNI: for clients that check SPIFFE IDs.',
    ),
  }),
])

const data = z.strictObject({
  address: restart(listenAddress, 'Where agents connect: TLS 1.3, HTTP/1.1, client certificate.'),
  hostnames: hot(
    z.array(hostName).min(1).max(16),
    'Base hosts: the names by which agents address the gateway.',
  ),
  tls: hot(
    z.array(certificate).min(1).max(32),
    'Certificates that agents see, chosen by SNI; without a match `kind: svid`, or else the first, is shown.',
  ),
  proxyProtocol: restart(
    z.literal(false).prefault(false),
    'PROXY protocol before TLS. Only `false` in this version.',
  ),
})

export const listen = z.strictObject({
  data: restart(data, 'The listener of the agents.'),
  health: restart(
    z
      .strictObject({
        address: restart(listenAddress, 'Plain HTTP: /healthz, /readyz, /metrics. No detail.'),
      })
      .prefault({ address: '127.0.0.1:8480' }),
    'Health and metrics.',
  ),
  admin: restart(
    z
      .strictObject({
        socket: restart(filePath, 'Unix socket, mode 0600: /v1/status, /v1/config.'),
      })
      .optional(),
    'The admin interface; without it there is none.',
  ),
  issuer: restart(
    z
      .strictObject({
        address: restart(listenAddress, 'Plain HTTP: OIDC discovery and JWKS, behind your TLS.'),
      })
      .optional(),
    'Serves the issuer’s public documents; without it, publish them elsewhere.',
  ),
})
