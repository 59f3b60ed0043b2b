// Commands whose names the contract fixes and whose features come later. They exit 2 and say so,
// so that nobody takes silence for success.

export const RESERVED_COMMANDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['init', []],
  ['doctor', []],
  ['policy', ['check', 'test', 'bench', 'diff', 'backtest', 'learn', 'propose']],
  ['bundle', ['sign', 'verify', 'push']],
  ['federation', ['plan']],
  ['connect', []],
  ['run', []],
  ['env', []],
  ['can-i', []],
  ['whoami', []],
  ['audit', ['query', 'reconcile', 'export']],
  ['secret', ['set', 'list', 'rotate']],
  ['freeze', []],
  ['unfreeze', []],
  ['console', []],
  ['approvals', ['list', 'approve', 'deny']],
  ['matrix', []],
])
