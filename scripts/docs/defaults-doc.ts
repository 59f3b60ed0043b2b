// docs/DEFAULTS.md from the table of limits.

import { DEFAULTS } from '../../gateway/config/defaults.ts'
import { FIXED_LIMITS } from '../../gateway/config/fixed-limits.ts'
import { GENERATED } from './generated.ts'

export function defaultsDoc(): string {
  return [
    '# Limits and their reasons',
    '',
    GENERATED,
    '',
    'Every limit bounds what one peer can make the gateway spend, or how long a mistake can last.',
    '',
    '## Set in the configuration',
    '',
    '| Field | Default | Least | Most | Unit | Reason |',
    '|---|---|---|---|---|---|',
    ...Object.values(DEFAULTS).map(
      ({ field, value, least, most, unit, reason }) =>
        `| \`${field}\` | ${value} | ${least} | ${most} | ${unit} | ${reason} |`,
    ),
    '',
    '## Fixed',
    '',
    '| Limit | Value | Unit | Reason |',
    '|---|---|---|---|',
    ...FIXED_LIMITS.map(
      ({ name, value, unit, reason }) => `| ${name} | ${value} | ${unit} | ${reason} |`,
    ),
    '',
  ].join('\n')
}
