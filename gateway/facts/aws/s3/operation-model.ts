// What the vendor's model says of one S3 operation: enough to recognise it on the wire, and to
// refuse whatever it does not name. The rows are generated (operation-model.generated.ts).

import type { Method } from '../../../request/gateway-request.ts'

export type Level = 'service' | 'bucket' | 'object'

export interface OperationModel {
  readonly name: string
  readonly method: Method
  readonly level: Level
  /** Query parameters that make the operation, with their fixed values: `acl`, `list-type=2`. */
  readonly markers: Readonly<Record<string, string>>
  readonly requiredQuery: readonly string[]
  readonly query: readonly string[]
  /** Lower-case; `x-amz-*` and `if-match` only: other headers change nothing that is judged. */
  readonly requiredHeaders: readonly string[]
  readonly headers: readonly string[]
  /** True when `x-amz-meta-*` is part of it. */
  readonly metadata: boolean
  readonly body: boolean
}
