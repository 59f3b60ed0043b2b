// A record for human eyes, on one line. What agents sent stands in it: nothing of it may move the
// cursor, colour the terminal, reorder the text or pose as a field of ours.

export interface RecordFilter {
  readonly allow?: boolean
  readonly deny?: boolean
  readonly spiffeId?: string
}

/** Outcomes carry an id only; so many decisions are remembered to tell whose they are. */
const REMEMBERED_DECISIONS = 10_000
/** The longest a value is shown. */
const SHOWN = 200

/** Quotes, spaces of every kind, controls, marks that reorder text, what is unassigned or private. */
const NEEDS_QUOTES = /["\\\p{C}\p{Z}]/u
const UNPRINTABLE = /(?! )[\p{C}\p{Z}]/gu

/** Which lines of a file are wanted; stateful, for lines in their order. */
export function recordSelector(filter: RecordFilter): (line: string) => boolean {
  const all = filter.allow !== true && filter.deny !== true && (filter.spiffeId ?? '') === ''
  if (all) return () => true
  const selected = new Set<string>()
  return (line) => {
    const record = parse(line)
    const id = text(record, 'decision_id')
    const isCallers = filter.spiffeId === undefined || text(record, 'spiffe_id') === filter.spiffeId
    // A look-up stands before the decision that it serves, which alone says whether it was allowed.
    if (text(record, 'type') === 'lookup') {
      return isCallers && filter.allow !== true && filter.deny !== true
    }
    if (text(record, 'type') !== 'decision') return selected.has(id)
    const allowed = value(record, 'result', 'allow') === true
    const wanted =
      (filter.allow !== true || allowed) && (filter.deny !== true || !allowed) && isCallers
    if (wanted) remember(selected, id)
    return wanted
  }
}

/** One line without its newline. */
export function recordLine(line: string): string {
  const record = parse(line)
  const time = shown(text(record, 'timestamp'))
  switch (text(record, 'type')) {
    case 'decision':
      return `${time} ${decisionText(record)}`
    case 'lookup':
      return `${time} ${lookupText(record)}`
    case 'outcome':
      return `${time} ${outcomeText(record)}`
    default:
      return `${time} ${shown(text(record, 'type')).toUpperCase()} ${shown(text(record, 'file'))}`
  }
}

function decisionText(record: unknown): string {
  const allowed = value(record, 'result', 'allow') === true
  const targets = value(record, 'facts', 'targets')
  const names = Array.isArray(targets) ? targets.map((target) => text(target, 'name')) : []
  const reasons = value(record, 'result', 'reasons')
  const operation = text(record, 'facts', 'operation', 'name')
  return [
    allowed ? 'ALLOW' : 'DENY ',
    shown(text(record, 'spiffe_id') || '-'),
    operation === ''
      ? `${shown(text(record, 'request', 'method'))} ${shown(text(record, 'request', 'path'))}`
      : shown(operation),
    ...names.map(shown),
    ...field('code', text(record, 'result', 'code')),
    ...field('rule', text(record, 'result', 'rule')),
    ...field('reasons', Array.isArray(reasons) ? reasons.map(String).join(',') : ''),
    ...field('credential', text(record, 'credential', 'name')),
    ...lookupFields(record),
    ...field('id', text(record, 'decision_id')),
  ].join(' ')
}

/** `sql.dry_run:asked`; with a status where the cloud's answer was none. */
function lookupFields(record: unknown): string[] {
  const lookups = value(record, 'lookups')
  if (!Array.isArray(lookups)) return []
  return lookups.flatMap((lookup) => {
    const outcome = value(lookup, 'ok') === true ? [] : ['failed', text(lookup, 'status')]
    const parts = [text(lookup, 'fact'), text(lookup, 'how'), ...outcome]
    return field('lookup', parts.filter((part) => part !== '').join(':'))
  })
}

function lookupText(record: unknown): string {
  return [
    'ASK  ',
    shown(text(record, 'spiffe_id') || '-'),
    shown(text(record, 'fact')),
    shown(text(record, 'request', 'method')),
    shown(text(record, 'request', 'path')),
    ...field('upstream', text(record, 'upstream', 'host')),
    ...field('credential', text(record, 'credential', 'name')),
    ...field('id', text(record, 'decision_id')),
  ].join(' ')
}

function outcomeText(record: unknown): string {
  return [
    'END  ',
    shown(text(record, 'end')),
    ...field('status', text(record, 'status')),
    ...field('code', text(record, 'code')),
    ...field('upstream', text(record, 'upstream', 'host')),
    ...field('upstream_status', text(record, 'upstream', 'status')),
    ...field('bytes_in', text(record, 'upstream', 'bytes_in')),
    ...field('bytes_out', text(record, 'upstream', 'bytes_out')),
    ...field('id', text(record, 'decision_id')),
  ].join(' ')
}

function field(name: string, content: string): string[] {
  return content === '' ? [] : [`${name}=${shown(content)}`]
}

function shown(content: string): string {
  const short = content.length > SHOWN ? `${content.slice(0, SHOWN)}…` : content
  if (!NEEDS_QUOTES.test(short)) return short
  return JSON.stringify(short).replace(
    UNPRINTABLE,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  )
}

/** A line that is torn or no JSON has no members: it is shown as nothing rather than as text. */
function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function value(record: unknown, ...path: readonly string[]): unknown {
  let current = record
  for (const name of path) {
    if (typeof current !== 'object' || current === null) return undefined
    current = new Map(Object.entries(current)).get(name)
  }
  return current
}

function text(record: unknown, ...path: readonly string[]): string {
  const found = value(record, ...path)
  return typeof found === 'string' || typeof found === 'number' ? String(found) : ''
}

function remember(ids: Set<string>, id: string): void {
  ids.add(id)
  if (ids.size <= REMEMBERED_DECISIONS) return
  const [oldest] = ids
  if (oldest !== undefined) ids.delete(oldest)
}
