// CPU of reading one SQL text of 1 KiB (`readSql`), without the gateway around it. `make bench` takes
// it up into its table; `node dist/bench/sql.js` prints it alone.

import { fileURLToPath } from 'node:url'
import { readSql } from '../gateway/facts/sql/read-sql.ts'
import { seriesOf, type Series } from './measure.ts'

/** A query as an analyst's program sends it: comments, WITH, windows, literals, quoted names. */
const QUERY = `-- revenue of the week, by country and channel
WITH orders AS (
  SELECT o.order_id, o.country, o.channel, DATE(o.created_at) AS day, o.amount
  FROM \`acme-analytics.sales.orders\` AS o
  LEFT JOIN \`acme-analytics.sales.refunds\` AS r USING (order_id)
  WHERE o.created_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 DAY)
    AND r.order_id IS NULL AND o.status NOT IN ('cancelled', "it's void", r'\\d+')
), ranked AS (
  SELECT country, channel, day, SUM(amount) AS revenue, COUNT(DISTINCT order_id) AS orders,
    ROW_NUMBER() OVER (PARTITION BY country ORDER BY SUM(amount) DESC) AS place
  FROM orders GROUP BY country, channel, day
)
SELECT country, channel, day, ROUND(revenue, 2) AS revenue, orders,
  CASE WHEN place = 1 THEN 'best' WHEN place <= 3 THEN 'good' ELSE 'other' END AS label,
  COALESCE(SAFE_DIVIDE(revenue, orders), 0) AS per_order /* mean basket */
FROM ranked
WHERE place <= 10 AND country IN UNNEST(@countries)
QUALIFY RANK() OVER (ORDER BY revenue DESC) <= 100
ORDER BY day, revenue DESC LIMIT 100; -- ${'.'.repeat(400)}`.slice(0, 1024)

const READINGS = 20_000

/** Microseconds of CPU a text, one value a round; the first readings only warm up. */
export function measureSql(rounds: number): Series {
  readMany()
  return seriesOf(
    Array.from({ length: rounds }, () => {
      const before = process.cpuUsage()
      readMany()
      const { user, system } = process.cpuUsage(before)
      return (user + system) / READINGS
    }),
  )
}

function readMany(): void {
  for (let reading = 0; reading < READINGS; reading += 1) {
    if (!readSql(QUERY).ok) throw new Error('the query of the benchmark was refused')
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { median, min, max } = measureSql(5)
  process.stdout.write(
    `CPU of reading 1 KiB of SQL: ${median.toFixed(1)} µs (${min.toFixed(1)} to ${max.toFixed(1)})\n`,
  )
}
