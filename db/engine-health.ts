import { type Kysely, sql } from 'kysely'

import type { DB } from './types.ts'

/** How the engine does as a whole, on whatever machines. */
export interface EngineHealth {
  /** Jobs that go on by themselves. */
  jobs: number
  /** Shards of these that run, are about to, and wait for their moment. */
  running: number
  queued: number
  waiting: number
  /** Messages in the queue that nobody has settled. */
  messages: number
  /** Seconds that the oldest message that could be taken has lain there; null where there is none. */
  oldestMessageSeconds: number | null
  databaseBytes: number
  /** `PostgreSQL 18.4`. */
  database: string
}

const goesOn = sql`'PENDING', 'RUNNING', 'PAUSING', 'CANCELLING', 'FINISHING'`

/** Costs time with the number of open shards, not with that of all. */
export async function readEngineHealth(db: Kysely<DB>): Promise<EngineHealth> {
  const { rows } = await sql<EngineHealth>`
    select
      (select count(*) from jobs where state in (${goesOn})) as jobs,
      s.running, s.queued, s.waiting, m.messages, m.oldest as "oldestMessageSeconds",
      pg_database_size(current_database()) as "databaseBytes", 'PostgreSQL ' || current_setting('server_version') as database
    from (
      select count(*) filter (where state = 'RUNNING') as running, count(*) filter (where state in ('NEW', 'QUEUED')) as queued,
        count(*) filter (where state = 'WAITING') as waiting
      from job_shards where state <> 'DONE' and job_id in (select id from jobs where state in (${goesOn}))) s,
    (select count(*) as messages,
        extract(epoch from now() - min(created_on) filter (where state in ('created', 'retry') and start_after <= now()))::float8 as oldest
      from pgboss.job where name = 'shards' and state < 'completed') m`.execute(db)
  return rows[0]!
}
