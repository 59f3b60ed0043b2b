// The gateway's own name behind the client's, so that a cloud's own logs show both.

import type { HeaderLine } from '../request/message.ts'
import { VERSION } from '../util/version.ts'

const TOKEN = `svidgate/${VERSION}`

/** `client`: the values of its own header; undefined: it sent none. */
export function userAgentLine(client: readonly string[] | undefined): HeaderLine {
  return ['user-agent', client === undefined ? TOKEN : `${client.join(' ')} ${TOKEN}`]
}
