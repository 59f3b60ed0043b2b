// docs/REFUSALS.md from the table of codes and the table of dialects.

import type { Code } from '../../gateway/errors.ts'
import { CODES, type CodeEntry } from '../../gateway/respond/codes.ts'
import { KINDS, spellingOf } from '../../gateway/respond/dialects.ts'
import type { Dialect } from '../../gateway/routing/route.ts'
import { GENERATED } from './generated.ts'

const DIALECTS: readonly (readonly [Dialect, string])[] = [
  ['s3', 'S3 XML'],
  ['aws-query', 'AWS query XML'],
  ['aws-ec2', 'EC2 XML'],
  ['aws-json', 'AWS JSON 1.0, 1.1'],
  ['aws-rest-json', 'AWS rest-json'],
  ['aws-cbor', 'AWS CBOR'],
  ['google', 'Google JSON'],
  ['json', 'JSON'],
]

export function refusalsDoc(): string {
  const entries = Object.entries(CODES) as [Code, CodeEntry][]
  return [
    '# Refusals',
    '',
    GENERATED,
    '',
    'Every refusal is answered in the dialect of the SDK that asked, so that its own error object says',
    'what happened. The message tells code, role, operation, the resource as it was sent, reasons,',
    'alternatives and the decision id; the header `x-svidgate-decision-id` holds the id as well. An',
    'answer to HEAD has no body: there the request id of the SDK’s error is the decision id, and with',
    'S3 the second id (`x-amz-id-2`) is the code.',
    '',
    '*Retried*: the SDKs try again by themselves. *Closes*: the connection ends after the answer. *Code',
    'alone*: the message holds nothing but the code and the decision id. Refusals in the TLS handshake',
    'have no answer at all.',
    '',
    '## Codes',
    '',
    '| Code | Kind | Status | Retried | Closes | Text |',
    '|---|---|---|---|---|---|',
    ...entries.map(([code, entry]) => {
      const kind = KINDS[entry.kind]
      const text = entry.tells === 'code' ? `(code alone) ${entry.text}` : entry.text
      return `| \`${code}\` | ${entry.kind} | ${kind.status} | ${yes(kind.retries)} | ${yes(entry.closes)} | ${text} |`
    }),
    '',
    '## Kinds in each dialect',
    '',
    'Status and error code, as programs see them.',
    '',
    `| Kind | ${DIALECTS.map(([, title]) => title).join(' | ')} |`,
    `|---|${DIALECTS.map(() => '---').join('|')}|`,
    ...[...new Set(entries.map(([, entry]) => entry.kind))].map((kind) => {
      const cells = DIALECTS.map(([dialect]) => {
        const { status, name } = spellingOf(dialect, kind)
        return `${status} \`${name}\``
      })
      return `| ${kind} | ${cells.join(' | ')} |`
    }),
    '',
  ].join('\n')
}

function yes(value: boolean): string {
  return value ? 'yes' : 'no'
}
