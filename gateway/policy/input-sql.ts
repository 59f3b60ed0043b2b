// The `sql` member of the policy input (docs/POLICY.md), members in the order of RFC 8785.

import { sqlDocument, type SqlFacts } from '../facts/sql-facts.ts'
import { stringListText, stringText } from './input-text.ts'

export function sqlText(sql: SqlFacts): string {
  const document = sqlDocument(sql)
  const { estimated_bytes, routines, statement_type, tables } = document
  return (
    `{"dialect":"${document.dialect}"` +
    (estimated_bytes === undefined ? '' : `,"estimated_bytes":${String(estimated_bytes)}`) +
    `,"features":${stringListText(document.features)}` +
    `,"functions":${stringListText(document.functions)},"kind":${stringText(document.kind)}` +
    (routines === undefined ? '' : `,"routines":${stringListText(routines)}`) +
    (statement_type === undefined ? '' : `,"statement_type":${stringText(statement_type)}`) +
    `,"statements":1,"table_functions":${stringListText(document.table_functions)}` +
    (tables === undefined ? '' : `,"tables":${stringListText(tables)}`) +
    `,"unlisted_functions":${stringListText(document.unlisted_functions)}` +
    `,"verified":"${document.verified}"}`
  )
}
