// What the parser makes of a text: queries, statements and expressions as data.

import type { ScalarType, Value } from './values.ts'

export type Path = readonly string[]

export type Expression =
  | { readonly kind: 'literal'; readonly type: ScalarType; readonly value: Value }
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'parameter'; readonly name: string; readonly position: number }
  | { readonly kind: 'negate' | 'not'; readonly operand: Expression }
  | {
      readonly kind: 'binary'
      readonly operator: BinaryOperator
      readonly left: Expression
      readonly right: Expression
    }
  | { readonly kind: 'is'; readonly operand: Expression; readonly what: 'NULL' | 'TRUE' | 'FALSE' }
  | { readonly kind: 'in'; readonly operand: Expression; readonly among: Among }
  | {
      readonly kind: 'case'
      readonly branches: readonly { readonly when: Expression; readonly result: Expression }[]
      readonly otherwise: Expression | undefined
    }
  | { readonly kind: 'cast'; readonly operand: Expression; readonly type: ScalarType }
  | { readonly kind: 'extract'; readonly part: string; readonly operand: Expression }
  | {
      readonly kind: 'call'
      readonly path: Path
      readonly args: readonly Expression[]
      readonly isDistinct: boolean
      /** `COUNT(*)` */
      readonly isStar: boolean
    }
  | { readonly kind: 'array'; readonly items: readonly Expression[] }
  | { readonly kind: 'subquery' | 'exists'; readonly query: Query }

export type BinaryOperator =
  'OR' | 'AND' | '=' | '!=' | '<' | '<=' | '>' | '>=' | 'LIKE' | '+' | '-' | '*' | '/' | '||'

export type Among =
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  | { readonly kind: 'query'; readonly query: Query }
  | { readonly kind: 'unnest'; readonly array: Expression }

export type SelectItem =
  | {
      readonly kind: 'expression'
      readonly expression: Expression
      readonly alias: string | undefined
    }
  | { readonly kind: 'star'; readonly of: string | undefined; readonly except: readonly string[] }

export type FromItem =
  | { readonly kind: 'table'; readonly path: Path; readonly alias: string | undefined }
  | { readonly kind: 'subquery'; readonly query: Query; readonly alias: string | undefined }
  | { readonly kind: 'unnest'; readonly array: Expression; readonly alias: string | undefined }
  | {
      readonly kind: 'join'
      readonly type: 'INNER' | 'LEFT' | 'CROSS'
      readonly left: FromItem
      readonly right: FromItem
      readonly on: Expression | undefined
      readonly using: readonly string[]
    }

export interface Select {
  readonly kind: 'select'
  readonly isDistinct: boolean
  readonly items: readonly SelectItem[]
  readonly from: FromItem | undefined
  readonly where: Expression | undefined
  readonly groupBy: readonly Expression[]
  readonly having: Expression | undefined
}

export interface SetOperation {
  readonly kind: 'set'
  readonly operator: 'UNION ALL' | 'UNION DISTINCT' | 'EXCEPT DISTINCT' | 'INTERSECT DISTINCT'
  readonly left: Query
  readonly right: Query
}

export interface Query {
  readonly with: readonly { readonly name: string; readonly query: Query }[]
  readonly body: Select | SetOperation | Query
  readonly orderBy: readonly { readonly expression: Expression; readonly descending: boolean }[]
  readonly limit: number | undefined
  readonly offset: number
}

export interface ColumnDefinition {
  readonly name: string
  readonly type: ScalarType
}

export type Statement =
  | { readonly kind: 'query'; readonly query: Query }
  | {
      readonly kind: 'insert'
      readonly table: Path
      readonly columns: readonly string[]
      readonly rows: readonly (readonly Expression[])[] | Query
    }
  | {
      readonly kind: 'update'
      readonly table: Path
      readonly alias: string | undefined
      readonly set: readonly { readonly column: string; readonly value: Expression }[]
      readonly where: Expression
    }
  | {
      readonly kind: 'delete'
      readonly table: Path
      readonly alias: string | undefined
      readonly where: Expression
    }
  | { readonly kind: 'truncate'; readonly table: Path }
  | {
      readonly kind: 'create-table'
      readonly table: Path
      readonly orReplace: boolean
      readonly ifNotExists: boolean
      readonly columns: readonly ColumnDefinition[]
      readonly query: Query | undefined
    }
  | { readonly kind: 'drop-table'; readonly table: Path; readonly ifExists: boolean }
  | { readonly kind: 'export'; readonly uri: string; readonly query: Query }
  | { readonly kind: 'block'; readonly statements: readonly Statement[] }
  | { readonly kind: 'execute-immediate'; readonly text: Expression }
  | {
      readonly kind: 'if'
      readonly branches: readonly {
        readonly condition: Expression
        readonly statements: readonly Statement[]
      }[]
      readonly otherwise: readonly Statement[]
    }
  | {
      readonly kind: 'declare'
      readonly names: readonly string[]
      readonly type: ScalarType | undefined
      readonly value: Expression | undefined
    }
  | { readonly kind: 'set'; readonly name: string; readonly value: Expression }
