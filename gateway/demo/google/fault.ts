// A refusal of a Google API, as data, and the error object that its clients read: `error` with code,
// message, status and `errors` (BigQuery's "Error messages"; AIP-193).

export interface GoogleFault {
  readonly status: number
  /** `accessDenied`: what the clients branch on. */
  readonly reason: string
  readonly message: string
  /** `ACCESS_TOKEN_SCOPE_INSUFFICIENT`: of google.rpc.ErrorInfo, where the API gives one. */
  readonly info: { readonly reason: string; readonly domain: string } | undefined
}

/** google.rpc.Code for an HTTP status. */
const STATUS_NAMES: ReadonlyMap<number, string> = new Map([
  [400, 'INVALID_ARGUMENT'],
  [401, 'UNAUTHENTICATED'],
  [403, 'PERMISSION_DENIED'],
  [404, 'NOT_FOUND'],
  [405, 'UNIMPLEMENTED'],
  [409, 'ALREADY_EXISTS'],
  [411, 'INVALID_ARGUMENT'],
  [413, 'INVALID_ARGUMENT'],
  [501, 'UNIMPLEMENTED'],
])

export function googleFault(
  status: number,
  reason: string,
  message: string,
  info?: GoogleFault['info'],
): GoogleFault {
  return { status, reason, message, info }
}

export function errorDocument(fault: GoogleFault): object {
  const { status, reason, message, info } = fault
  const location =
    status === 401 ? { location: 'Authorization', locationType: 'header' } : undefined
  return {
    error: {
      code: status,
      message,
      errors: [{ message, domain: 'global', reason, ...location }],
      status: STATUS_NAMES.get(status) ?? 'UNKNOWN',
      ...(info === undefined
        ? {}
        : { details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', ...info }] }),
    },
  }
}
