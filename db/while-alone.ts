import { type Kysely, sql } from 'kysely'

import type { DB } from './types.ts'

/**
 * Does it on a connection that holds a lock of this name, which goes with its process: nobody else does the same at the same time.
 * `leave`: does nothing, and resolves to null, where somebody does. No transaction: the work may take its time.
 */
export async function whileAlone<T>(
  db: Kysely<DB>,
  name: string,
  otherwise: 'wait' | 'leave',
  work: (db: Kysely<DB>) => Promise<T>,
): Promise<T | null> {
  return db.connection().execute(async (connection) => {
    const key = sql`hashtextextended(${`mailquarry.${name}`}, 0)`
    const lock = otherwise === 'wait' ? sql`pg_advisory_lock(${key}) is not null` : sql`pg_try_advisory_lock(${key})`
    const { rows } = await sql<{ mine: boolean }>`select ${lock} as mine`.execute(connection)
    if (!rows[0]!.mine) return null
    try {
      return await work(connection)
    } finally {
      await sql`select pg_advisory_unlock(${key})`.execute(connection)
    }
  })
}
