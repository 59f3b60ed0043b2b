// `svidgate audit tail` and `svidgate audit verify`: parse and print only (docs/OPERATIONS.md).

import type { KeyObject } from 'node:crypto'
import { AuditSetupError, errorCode, readAuditPublicKey } from '../audit/audit-key.ts'
import { AuditTail, directoryChange } from '../audit/tail.ts'
import { verifyAuditDirectory } from '../audit/verify.ts'
import type { VerifyReport } from '../audit/verify.ts'
import type { Finding } from '../audit/verify-file.ts'
import { recordLine, recordSelector } from './audit-line.ts'
import { CliError } from './command.ts'
import type { Action, ExitCode } from './command.ts'

export interface AuditTailOptions {
  readonly dir: string
  /** How many records to begin with. */
  readonly lines: number
  readonly follow?: boolean
  /** Records as they are, one a line. */
  readonly json?: boolean
  /** Only decisions that allowed, or that denied, and what became of them. */
  readonly allow?: boolean
  readonly deny?: boolean
  readonly spiffeId?: string
  /** Ends `follow`. */
  readonly signal?: AbortSignal
}

export interface AuditVerifyOptions {
  readonly dir: string
  /** Public key files. */
  readonly key: readonly string[]
  readonly json?: boolean
  /** A newest file without a close record is an error: for a gateway that was stopped in order. */
  readonly requireClosed?: boolean
}

const POLL_MS = 1000

export const auditTail: Action<AuditTailOptions> = async (options, io) => {
  const { dir, lines, json, follow } = options
  if (options.allow === true && options.deny === true) {
    throw new CliError(2, '--allow and --deny exclude each other', 'leave both away to see all')
  }
  if (!Number.isSafeInteger(lines) || lines < 0) {
    throw new CliError(2, `--lines takes a whole number, not ${lines}`, 'for example --lines 20')
  }
  const select = recordSelector(options)
  const print = (records: readonly string[]): void => {
    for (const record of records) io.out(`${json === true ? record : recordLine(record)}\n`)
  }
  try {
    const tail = new AuditTail(dir)
    print(await tail.last(lines, select))
    if (follow !== true) return 0
    const signal = options.signal ?? new AbortController().signal
    while (!signal.aborted) {
      await directoryChange(dir, POLL_MS, signal)
      print(await tail.next(select))
    }
  } catch (cause) {
    throw unreadable(dir, cause)
  }
  return 0
}

export const auditVerify: Action<AuditVerifyOptions> = async (options, io) => {
  const { dir, key, json, requireClosed } = options
  if (key.length === 0) {
    throw new CliError(
      2,
      'no public key was given',
      'add --key FILE for every audit key that signed these records; it lies beside the key as .pub.pem',
    )
  }
  const keys = await readKeys(key)
  let report: VerifyReport
  try {
    report = await verifyAuditDirectory(dir, keys)
  } catch (cause) {
    throw unreadable(dir, cause)
  }
  if (report.files.length === 0) {
    throw new CliError(2, `no audit files in ${dir}`, 'give the directory of audit.sinks[].dir')
  }
  const last = report.files.at(-1)
  const open = requireClosed === true && last?.closed === false ? last : undefined
  const problems: readonly Finding[] =
    open === undefined
      ? report.problems
      : [...report.problems, { file: open.file, line: open.records, what: 'no close record' }]
  const exitCode: ExitCode = problems.length === 0 ? 0 : 1
  const judged: VerifyReport = { ...report, ok: exitCode === 0, problems }
  io.out(json === true ? `${JSON.stringify(judged)}\n` : reportText(judged))
  return exitCode
}

async function readKeys(paths: readonly string[]): Promise<KeyObject[]> {
  try {
    return await Promise.all(paths.map((path) => readAuditPublicKey(path)))
  } catch (cause) {
    if (cause instanceof AuditSetupError) throw new CliError(2, cause.message, cause.hint)
    throw cause
  }
}

function unreadable(dir: string, cause: unknown): CliError {
  return new CliError(
    2,
    `cannot read the audit records in ${dir}: ${errorCode(cause)}`,
    'give the directory of audit.sinks[].dir, and run as the user that owns it',
  )
}

function reportText(report: VerifyReport): string {
  const lines = [
    ...report.problems.map(({ file, line, what }) => `FAIL    ${file}:${line}: ${what}`),
    ...report.notices.map(({ file, line, what }) => `notice  ${file}:${line}: ${what}`),
    ...report.uncovered.map(
      ({ file, fromLine, records }) =>
        `notice  ${file}:${fromLine}: ${records} records from here on are covered by no signature yet`,
    ),
    report.ok
      ? `ok: ${report.records} records in ${report.files.length} files, every chain unbroken, every checkpoint signed`
      : `not ok: ${report.problems.length} problems in ${report.files.length} files`,
  ]
  if (report.head !== undefined) {
    const { file, seq, hash } = report.head
    lines.push(`head: ${file} record ${seq} ${hash}`)
  }
  return `${lines.join('\n')}\n`
}
