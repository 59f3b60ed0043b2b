// The health listener of a running gateway, as a monitor sees it.

import { parseExposition, type Exposition } from './exposition.ts'
import { ask } from './http-client.ts'
import type { TestGateway } from './running-gateway.ts'

export async function exposition({ gateway }: TestGateway): Promise<Exposition> {
  const { status, body } = await ask({ port: gateway.listeners.healthPort }, { path: '/metrics' })
  if (status !== 200) throw new Error(`/metrics: ${status}`)
  return parseExposition(body)
}
