// What keeps the gateway from starting, as a command's ending: what is wrong, and how to mend it.

import { ListenError } from '../admin/http-server.ts'
import { AuditSetupError } from '../audit/audit-key.ts'
import { StartProblems } from '../compose/identity.ts'
import { GatewayError } from '../errors.ts'
import { IdentitySourceError } from '../spiffe/source.ts'
import { CliError } from './command.ts'

const KEYS_HINT = 'docs/OPERATIONS.md says under "Issuer keys" how they are kept'

const PORT_CODES: ReadonlySet<string> = new Set(['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL'])

/** Anything that is not the operator's to mend comes back as it was. */
export function asCliError(error: unknown): unknown {
  if (error instanceof AuditSetupError || error instanceof ListenError) {
    return new CliError(2, error.message, error.hint)
  }
  if (error instanceof StartProblems || error instanceof IdentitySourceError) {
    const [first, ...others] = error.problems
    const more = others.map(({ message }) => `\n${message}`).join('')
    return new CliError(2, `${first?.message ?? error.message}${more}`, first?.hint ?? '')
  }
  if (error instanceof GatewayError) return new CliError(2, error.detail, KEYS_HINT)
  if (error instanceof TypeError) return new CliError(2, error.message, 'see docs/CONFIG.md')
  if (error instanceof Error && 'code' in error && PORT_CODES.has(String(error.code))) {
    return new CliError(
      2,
      `a listener cannot be opened: ${error.message}`,
      'see listen.data.address',
    )
  }
  return error
}
