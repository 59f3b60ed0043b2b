// The built-ins that a policy may use beyond those compiled into its module. A module that names
// any other is refused when it is activated, not when a request happens to reach the call.
// Nothing here sees the network, the environment or a moving clock.

import { objectSubset } from './builtins/object-subset.ts'
import { STRING_BUILTINS } from './builtins/strings.ts'
import { timeBuiltins } from './builtins/time.ts'
import type { BuiltinTable } from './builtins/builtin.ts'

export function hostBuiltins(): BuiltinTable {
  return new Map([...timeBuiltins(), ...STRING_BUILTINS, ['object.subset', objectSubset]])
}
