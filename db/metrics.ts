import { type Kysely, sql } from 'kysely'

import type { DB } from './types.ts'

export interface EngineFigures {
  jobs: { kind: string; state: string; count: number }[]
  /** Shards that have not ended of jobs that go on by themselves, by state. */
  shards: { state: string; count: number }[]
  /** Messages in the queue that nobody has settled. */
  messages: number
  workers: {
    id: string
    slots: number
    running: number
    steps: number
    commitGroups: number
    commitLagMs: number
    loopLagMs: number
    noticeLagMs: number
    seenSecondsAgo: number
  }[]
}

/** The engine as all processes together see it. Costs time with the number of open shards, not with that of all. */
export async function engineFigures(db: Kysely<DB>): Promise<EngineFigures> {
  const { rows } = await sql<EngineFigures>`
    select
      (select coalesce(jsonb_agg(j), '[]') from (select kind, state, count(*) from jobs group by kind, state) j) as jobs,
      (select coalesce(jsonb_agg(s), '[]') from (
        select state, count(*) from job_shards where state <> 'DONE' and job_id in (
          select id from jobs where state in ('PENDING', 'RUNNING', 'PAUSING', 'CANCELLING', 'FINISHING')) group by state) s) as shards,
      (select count(*) from pgboss.job where name = 'shards' and state < 'completed') as messages,
      (select coalesce(jsonb_agg(w), '[]') from (
        select id, slots, running, steps, commit_groups as "commitGroups", commit_lag_ms as "commitLagMs",
          loop_lag_ms as "loopLagMs", notice_lag_ms as "noticeLagMs",
          extract(epoch from now() - seen_at)::float8 as "seenSecondsAgo"
        from workers order by id) w) as workers`.execute(db)
  return rows[0]!
}
