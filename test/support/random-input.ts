// Policy inputs at random, most of them near the border between allow and deny, some with parts
// missing. The same seed gives the same inputs.

export interface Random {
  pick<T>(values: readonly T[]): T
  chance(probability: number): boolean
}

/** A linear congruential generator (Numerical Recipes' constants). */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  return {
    pick: <T>(values: readonly T[]): T => {
      const value = values[Math.floor(next() * values.length)]
      if (value === undefined) throw new Error('nothing to pick from')
      return value
    },
    chance: (probability) => next() < probability,
  }
}

export function randomInput(random: Random): Record<string, unknown> {
  const action = usually(random, 'PutObject', ['UploadPart', 'GetObject', 'CopyObject'])
  const access = usually(random, 'write', ['read', 'list'])
  const targets = Array.from({ length: random.pick([1, 1, 1, 1, 2, 3, 0]) }, () => {
    const container = usually(random, 'reports', ['payroll'])
    const path = usually(random, '2026/a', ['2026/b/c', '2026/', '2026', '2025/a', '', 'é/😀'])
    return without(random, {
      type: usually(random, 'object', ['bucket']),
      access,
      name: `arn:aws:s3:::${container}/${path}`,
      container,
      path,
    })
  })
  return without(random, {
    version: 1,
    tenant: usually(random, 'acme', ['other']),
    agent: usually(random, 'data-crew', ['x']),
    role: usually(random, 'writer', ['researcher', 'analyst', 'editor']),
    service: usually(random, 'aws_s3', ['gcp_bigquery']),
    action,
    operation: without(random, {
      name: `s3.${action}`,
      access,
      complete: !random.chance(0.05),
      pending: random.chance(0.05) ? ['tags'] : [],
    }),
    targets,
    candidates: ['aws-data'],
  })
}

/** Queries of BigQuery before and after their dry run, and jobs, in the same manner. */
export function randomSqlInput(random: Random): Record<string, unknown> {
  const isAnswered = random.chance(0.6)
  const action = usually(random, 'jobs.query', ['jobs.insert', 'jobs.get', 'tabledata.list'])
  const access = usually(random, 'read', ['write', 'list'])
  const pending = isAnswered ? [] : [usually(random, 'sql.dry_run', ['tags'])]
  const query = {
    type: 'query',
    access,
    name: 'projects/acme-data',
    container: usually(random, 'acme-data', ['other']),
    path: '',
  }
  const answered = Array.from({ length: random.pick([1, 1, 1, 2, 3, 0]) }, () => {
    const container = usually(random, 'acme-data.sales', ['acme-data.hr', 'other.sales'])
    const path = usually(random, 'orders', ['customers', ''])
    const type = usually(random, 'table', ['routine', 'model'])
    return without(random, { type, access, name: `${container}.${path}`, container, path })
  })
  const own = random.chance(0.7)
  const job = without(random, {
    type: 'job',
    access,
    name: 'projects/acme-data/jobs/j',
    container: 'acme-data',
    path: 'j',
    own,
  })
  const isOfJob = action === 'jobs.get'
  return without(random, {
    version: 1,
    tenant: usually(random, 'acme', ['other']),
    agent: usually(random, 'data-crew', ['x']),
    role: usually(random, 'researcher', ['writer', 'analyst']),
    service: usually(random, 'gcp_bigquery', ['aws_s3']),
    action,
    operation: without(random, {
      name: `bigquery.${action}`,
      access,
      complete: !random.chance(0.05),
      pending: isOfJob ? [] : pending,
    }),
    targets: isOfJob ? [job] : [without(random, query), ...(isAnswered ? answered : [])],
    ...(isOfJob ? {} : { sql: randomSql(random, isAnswered) }),
    candidates: ['gcp-data'],
  })
}

function randomSql(random: Random, isAnswered: boolean): Record<string, unknown> {
  const some = (...names: string[]): string[] => (random.chance(0.15) ? [random.pick(names)] : [])
  return without(random, {
    dialect: 'googlesql',
    kind: usually(random, 'SELECT', ['DELETE']),
    statements: 1,
    features: some('wildcard', 'external', 'ml'),
    functions: some('SUM', 'ML.PREDICT'),
    table_functions: some('EXTERNAL_QUERY', 'p.d.f'),
    unlisted_functions: some('ML.PREDICT', 'p.d.f'),
    verified: isAnswered ? 'dry_run' : 'lexer',
    ...(isAnswered ? { statement_type: 'SELECT' } : {}),
  })
}

function usually(random: Random, value: string, others: readonly string[]): string {
  return random.chance(0.85) ? value : random.pick(others)
}

/** Now and then a member is missing. */
function without(random: Random, document: Record<string, unknown>): Record<string, unknown> {
  if (!random.chance(0.05)) return document
  const missing = random.pick(Object.keys(document))
  return Object.fromEntries(Object.entries(document).filter(([key]) => key !== missing))
}
