import { type Kysely, sql } from 'kysely'

import type { DB } from '../../db/types.ts'

/** Tables of the database, the queue's too, in which the text stands anywhere, in whatever case, bytes included. */
export async function tablesWith(db: Kysely<DB>, text: string): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'pgboss') order by 1`.execute(
    db,
  )
  const hex = Buffer.from(text).toString('hex')
  const inJson = JSON.stringify(text).slice(1, -1)
  const found: string[] = []
  for (const { name } of rows) {
    const { rows: hits } = await sql<{ n: number }>`
      select count(*)::int as n from ${sql.raw(name)} t
      where strpos(lower(to_jsonb(t)::text), lower(${inJson})) > 0 or strpos(to_jsonb(t)::text, ${hex}) > 0`.execute(db)
    if (hits[0]!.n > 0) found.push(name.replace(/^public\./, ''))
  }
  return found
}
