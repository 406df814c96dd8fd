import { type Kysely, sql, type Transaction } from 'kysely'

import type { DB } from './types.ts'

/** Jobs whose rows are removed together. */
const jobsAtOnce = 100

/** They have so many rows of a job that no foreign key checks each. No step of a job that is deleted is committed, so that nothing comes late. */
export const uncheckedTables = [
  'job_addresses',
  'job_verifications',
  'page_links',
  'page_reads',
  'pages',
  'sightings',
  'verify_items',
]

/** Tables with rows of jobs, and the column that says of which: whatever has a foreign key to jobs, and those without one. */
export async function tablesOfJobs(db: Kysely<DB>): Promise<{ table: string; column: string }[]> {
  const { rows } = await sql<{ table: string; column: string }>`
    select c.conrelid::regclass::text as table, a.attname as column from pg_constraint c
    join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
    where c.contype = 'f' and c.confrelid = 'jobs'::regclass
    union all select t, 'job_id' from unnest(${uncheckedTables}::text[]) t order by 1`.execute(db)
  return rows
}

export async function deletedJobs(db: Kysely<DB>): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select id from jobs where state = 'DELETED' order by id limit ${jobsAtOnce}`.execute(db)
  return rows.map((row) => row.id)
}

/**
 * Removes up to `limit` rows of deleted jobs; when none is left, the jobs themselves. What is written meanwhile by a transaction that
 * began before goes with the job's row. False where another transaction is at it.
 */
export async function removeRowsOf(trx: Transaction<DB>, jobIds: readonly number[], limit: number): Promise<boolean> {
  const { rows: locks } = await sql<{ ok: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended('mailquarry.removal', 0)) as ok`.execute(trx)
  if (!locks[0]!.ok) return false
  let room = limit
  for (const { table, column } of await tablesOfJobs(trx)) {
    const rows = sql.table(table)
    const { numAffectedRows } = await sql`
      delete from ${rows} where ctid = any(array(
        select ctid from ${rows} where ${sql.ref(column)} = any(${jobIds}::bigint[]) limit ${room}))`.execute(trx)
    room -= Number(numAffectedRows ?? 0)
    if (room <= 0) return true
  }
  await sql`delete from jobs where id = any(${jobIds}::bigint[]) and state = 'DELETED'`.execute(trx)
  return true
}

export interface OldJobs {
  /** Undefined: of whoever. */
  owner: string | undefined
  /** Ended longer ago than this. */
  days: number
}

const isOld = ({ owner, days }: OldJobs) => sql`state in ('COMPLETED', 'FAILED', 'CANCELLED')
  and finished_at < now() - ${days} * interval '1 day' and (${owner ?? null}::text is null or owner = ${owner ?? null})`

/** Index jobs_ended. */
export async function countOldJobs(db: Kysely<DB>, old: OldJobs): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) as n from jobs where ${isOld(old)}`.execute(db)
  return rows[0]!.n
}

/** Marks up to `limit` old jobs as deleted and returns their ids. */
export async function markOldDeleted(db: Kysely<DB>, old: OldJobs, limit: number): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    with chosen as (select id from jobs where ${isOld(old)} order by finished_at limit ${limit} for update skip locked)
    update jobs j set state = 'DELETED', idempotency_key = null, updated_at = now() from chosen where j.id = chosen.id
    returning j.id`.execute(db)
  return rows.map((row) => row.id)
}
