// What is wrong with a configuration file, told so that it can be mended: where, what, how.

/** Where a value lies: keys and list indices from the root of the document. */
export type ConfigPath = readonly (string | number)[]

export type Severity = 'error' | 'warning'

/** A finding before it has a place in the file. */
export interface Finding {
  readonly path: ConfigPath
  readonly message: string
  /** How to mend it; undefined: the field's own description serves. */
  readonly hint?: string
  /** Default: error. */
  readonly severity?: Severity
  /** True: the place is the key itself (an unknown or repeated one), not its value. */
  readonly atKey?: boolean
}

export interface ConfigProblem {
  readonly severity: Severity
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
  /** `listen.data.tls[0].cert`; empty for the document as a whole. */
  readonly path: string
  readonly message: string
  readonly hint: string
}

/** `listen.data.tls[0].cert` */
export function pathText(path: ConfigPath): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else text += text === '' ? part : `.${part}`
  }
  return text
}

/** A key for maps of paths: no two paths share one, whatever the keys hold. */
export function pathKey(path: ConfigPath): string {
  return JSON.stringify(path)
}

/** By line, then column; errors and warnings together, as they stand in the file. */
export function inFileOrder(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return [...problems].sort((a, b) => a.line - b.line || a.column - b.column)
}
