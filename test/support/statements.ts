import { Kysely, PostgresDialect } from 'kysely'
import type pg from 'pg'

import type { DB } from '../../db/types.ts'

export interface Statement {
  sql: string
  parameters: readonly unknown[]
}

/** A second way into a database that keeps what was sent. */
export function recordStatements(pool: pg.Pool): { db: Kysely<DB>; statements: Statement[] } {
  const statements: Statement[] = []
  const db = new Kysely<DB>({
    dialect: new PostgresDialect({ pool }),
    log({ query }) {
      statements.push({ sql: query.sql, parameters: query.parameters })
    },
  })
  return { db, statements }
}
