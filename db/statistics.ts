import { type Kysely, sql } from 'kysely'

import type { DB } from './types.ts'

/**
 * Analyses tables that have grown fourfold since the planner's statistics of them were made. A job fills empty tables within
 * seconds; autovacuum comes by once in 15 s or more, and until then statements that were planned for an empty table stay in use:
 * they scanned 5,000 shards for each one. (At each doubling it took a fiftieth of a crawl's time.) Returns the names.
 */
export async function analyzeGrown(db: Kysely<DB>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select format('%I.%I', t.schemaname, t.relname) as name
    from pg_stat_user_tables t join pg_class c on c.oid = t.relid
    where t.schemaname in ('public', 'pgboss') and c.relkind = 'r' and pg_has_role(c.relowner, 'usage')
      and t.n_live_tup > 200 and t.n_live_tup > 4 * greatest(c.reltuples, 0)
    order by t.relid`.execute(db)
  // Side by side with another worker or autovacuum there is nothing left to do.
  for (const { name } of rows) await sql`analyze (skip_locked) ${sql.raw(name)}`.execute(db)
  return rows.map((row) => row.name)
}
