// What every command file shares: where it prints, and how it says how it ended
// (docs/OPERATIONS.md: 0 ok, 1 the answer is no, 2 usage or configuration error, 3 something needed
// was unreachable).

export type ExitCode = 0 | 1 | 2 | 3

export interface CliIo {
  /** Writes text to standard output as it is. */
  out(text: string): void
  /** Writes text to standard error as it is. */
  err(text: string): void
  /** Resolves when the reader has taken what was written; absent where nothing is held back. */
  drained?(): Promise<void>
  readonly stdin: NodeJS.ReadableStream
  readonly isTerminal: boolean
  readonly env: NodeJS.ProcessEnv
}

/** Ends a command: one line that says what is wrong and where, then a line that says how to mend it. */
export class CliError extends Error {
  readonly exitCode: ExitCode
  readonly hint: string

  constructor(exitCode: ExitCode, message: string, hint: string) {
    super(message)
    this.name = 'CliError'
    this.exitCode = exitCode
    this.hint = hint
  }
}

/** A command runs and says its exit code; it throws `CliError` for what is wrong with its input. */
export type Action<Options> = (options: Options, io: CliIo) => Promise<ExitCode>
